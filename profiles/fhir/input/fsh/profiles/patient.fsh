Profile: RecognisedPatient
Parent: Patient
Id: recognised-patient
Title: "Patient of a recognised result 互认患者"
Description: "The patient as far as recognition needs: who is it, by which numbers of which issuer. Nothing is mandatory beyond a value in each identifier, because senders leave out names, birth dates and numbers; whether identity is proved is decided by the rules, not by the shape."
* identifier MS
* identifier.system MS
* identifier.value 1..1 MS
* identifier.assigner MS
* name MS
* gender MS
* gender.extension contains SourceSex named sourceSex 0..1
* birthDate MS
