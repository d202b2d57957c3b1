"""One DICOM object to what is read of it: file, data set, DICOM JSON and query answer give the same header."""
