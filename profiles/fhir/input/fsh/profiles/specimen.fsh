Profile: RecognisedSpecimen
Parent: Specimen
Id: recognised-specimen
Title: "Specimen of a recognised result 互认检验标本"
Description: "The specimen of a recognised laboratory result: its type (样本类型) and its collection decide whether an item matches."
* identifier MS
* type MS
* subject MS
* subject only Reference(RecognisedPatient)
* receivedTime MS
* collection MS
* collection.collected[x] MS
* note MS
