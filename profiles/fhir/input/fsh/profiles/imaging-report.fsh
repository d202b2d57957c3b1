Profile: RecognisedImagingReport
Parent: DiagnosticReport
Id: recognised-imaging-report
Title: "Recognised imaging report 互认影像检查报告"
Description: "An imaging report that may be recognised by another hospital. Thin on purpose: the images and their mark stand on the ImagingStudy."
* extension contains RecognitionFlag named recognition 0..1 MS
* identifier MS
* basedOn MS
* status MS
* category 1..* MS
* code 1..1 MS
* subject 1..1 MS
* subject only Reference(RecognisedPatient)
* effective[x] MS
* issued MS
* performer MS
* resultsInterpreter MS
{{R4}}* imagingStudy MS
{{R5}}* study MS
* conclusion MS
* conclusionCode MS
* presentedForm MS
