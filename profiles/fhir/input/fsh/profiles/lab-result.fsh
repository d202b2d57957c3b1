Profile: RecognisedLabResult
Parent: Observation
Id: recognised-lab-result
Title: "Recognised laboratory result 互认检验结果"
Description: "One laboratory result that may be recognised by another hospital. Method, specimen and reference range are supported throughout because a marked report has to state them (四川省医疗机构检查检验结果互认工作实施方案 三(一)); they are not mandatory here, because an unmarked result remains a result."
* obeys hr-obs-1 and hr-obs-2
* extension contains
    RecognitionFlag named recognition 0..1 MS and
    ResultScale named scale 0..1 MS
* identifier MS
* status MS
* category 1..* MS
* category ^slicing.discriminator.type = #value
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains laboratory 1..1 MS
* category[laboratory] = $observation-category#laboratory
* code 1..1 MS
* subject 1..1 MS
* subject only Reference(RecognisedPatient)
* effective[x] MS
* issued MS
* performer MS
* value[x] MS
* dataAbsentReason MS
* interpretation MS
* note MS
* method MS
* specimen MS
* specimen only Reference(RecognisedSpecimen)
* device MS
* referenceRange MS
* hasMember MS
* component MS

Invariant: hr-obs-1
Description: "A result that is past preliminary has a value, a reason why the value is absent, members or components"
Expression: "status = 'registered' or status = 'preliminary' or status = 'cancelled' or status = 'entered-in-error' or value.exists() or dataAbsentReason.exists() or hasMember.exists() or component.exists()"
Severity: #error

Invariant: hr-obs-2
Description: "A quantity with a unit code takes the code from UCUM; any other unit stays text"
Expression: "value.ofType(Quantity).where(code.exists()).all(system = 'http://unitsofmeasure.org') and component.value.ofType(Quantity).where(code.exists()).all(system = 'http://unitsofmeasure.org') and referenceRange.low.where(code.exists()).all(system = 'http://unitsofmeasure.org') and referenceRange.high.where(code.exists()).all(system = 'http://unitsofmeasure.org')"
Severity: #error
