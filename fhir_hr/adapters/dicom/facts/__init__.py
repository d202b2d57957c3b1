"""Text of headers to neutral values: codes, numbers, times, people."""
