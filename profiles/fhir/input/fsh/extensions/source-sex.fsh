Extension: SourceSex
Id: source-sex
Title: "Sex code of the source 源性别代码"
Description: "The sex code exactly as the source system gave it (GB/T 2261.1 digit or a local code), beside the FHIR gender that was read from it."
Context: Patient.gender
* . ^short = "Sex code as the source gave it 源性别代码"
* value[x] 1..1
* value[x] only string
