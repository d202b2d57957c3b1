Extension: StudyCompleteness
Id: study-completeness
Title: "Completeness of a study 影像完整性"
Description: "Whether all images of a study are there (序列完整), and what that rests on. No DICOM message says that a study is complete: the verdict is weighed from what does tell, and never stands without saying how sure it is."
Context: ImagingStudy
* . ^short = "Completeness of the study with its evidence 影像完整性及其依据"
* obeys hr-complete-1 and hr-complete-2
* extension contains
    verdict 1..1 and
    evidence 0..* and
    missingCount 0..1 and
    missing 0..*
* extension[verdict] ^short = "complete 完整 | complete-per-archive 与存档一致 | incomplete 不完整 | unknown 未知"
* extension[verdict].value[x] 1..1
* extension[verdict].value[x] only code
* extension[verdict].valueCode from CompletenessVerdictVS (required)
* extension[evidence] ^short = "One piece of evidence 依据"
* extension[evidence].extension contains
    ground 1..1 and
    holds 0..1 and
    text 0..1
* extension[evidence].extension[ground] ^short = "What it rests on 依据来源"
* extension[evidence].extension[ground].value[x] 1..1
* extension[evidence].extension[ground].value[x] only code
* extension[evidence].extension[ground].valueCode from CompletenessGroundVS (required)
* extension[evidence].extension[holds] ^short = "Whether nothing is missing by it; absent when it does not tell"
* extension[evidence].extension[holds].value[x] 1..1
* extension[evidence].extension[holds].value[x] only boolean
* extension[evidence].extension[text] ^short = "What was compared, for a person"
* extension[evidence].extension[text].value[x] 1..1
* extension[evidence].extension[text].value[x] only string
* extension[missingCount] ^short = "How many objects are missing by name 缺失数"
* extension[missingCount] ^definition = "All that are missing by name, also those that `missing` does not list because there are too many."
* extension[missingCount].value[x] 1..1
* extension[missingCount].value[x] only unsignedInt
* extension[missing] ^short = "UID of an object that is missing 缺失对象"
* extension[missing] ^definition = "SOP Instance UID, or Series Instance UID where only the series is known to be missing, as urn:oid:."
* extension[missing].value[x] 1..1
* extension[missing].value[x] only oid

Invariant: hr-complete-1
Description: "A study that is called complete has nothing missing"
Expression: "extension.where(url = 'verdict' and (value = 'complete' or value = 'complete-per-archive')).exists() implies (extension.where(url = 'missing').empty() and extension.where(url = 'missingCount' and value > 0).empty() and extension.where(url = 'evidence').where(extension.where(url = 'holds' and value = false).exists()).empty())"
Severity: #error

Invariant: hr-complete-2
Description: "What is listed as missing is counted"
Expression: "extension.where(url = 'missing').empty() or extension.where(url = 'missing').count() <= extension.where(url = 'missingCount').value.ofType(unsignedInt)"
Severity: #error
