Profile: RecognisedLabReport
Parent: DiagnosticReport
Id: recognised-lab-report
Title: "Recognised laboratory report 互认检验报告"
Description: "A laboratory report whose results may be recognised by another hospital. The flag on the report records the mark of the report sheet; which result is recognised is stated on each result."
* extension contains RecognitionFlag named recognition 0..1 MS
* identifier MS
* basedOn MS
* status MS
* category 1..* MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains laboratory 1..1 MS
* category[laboratory] = $v2-0074#LAB
* code 1..1 MS
* subject 1..1 MS
* subject only Reference(RecognisedPatient)
* effective[x] MS
* issued MS
* performer MS
* resultsInterpreter MS
* specimen MS
* specimen only Reference(RecognisedSpecimen)
* result MS
* result only Reference(RecognisedLabResult)
* conclusion MS
* presentedForm MS
