Extension: RecognitionFlag
Id: recognition-flag
Title: "Recognition flag 互认标识"
Description: "States that this result carries a recognition mark (检查检验结果互认标识, scope word + HR), for which jurisdictions, on what basis and with which evidence. Normative per result (Observation); on a DiagnosticReport it records the mark of the report sheet, on an ImagingStudy the mark of the images. It does not change the clinical meaning of the result, so it is not a modifier."
Context: Observation, DiagnosticReport, ImagingStudy
* . ^short = "Recognition mark with its evidence 互认标识及其依据"
* obeys hr-flag-1 and hr-flag-2
* extension contains
    scope 1..* and
    label 1..1 and
    mark 0..1 and
    basis 1..1 and
    item 0..1 and
    list 0..1 and
    listVersion 0..1 and
    authority 0..1 and
    validUntil 0..1 and
    evidence 0..*
* extension[scope] ^short = "Where the mark is valid 互认范围"
* extension[scope].value[x] 1..1
* extension[scope].value[x] only Coding
* extension[scope].valueCoding from RecognitionScopeVS (extensible)
* extension[label] ^short = "The mark as printed, e.g. 川内HR 标识原文"
* extension[label].value[x] 1..1
* extension[label].value[x] only string
* extension[mark] ^short = "The mark as registered code 标识代码"
* extension[mark] ^definition = "Absent when the printed label is not in the registry of marks: a mark is found in the registry, never guessed from its letters."
* extension[mark].value[x] 1..1
* extension[mark].value[x] only Coding
* extension[mark].valueCoding from RecognitionMarkVS (required)
* extension[basis] ^short = "How the mark came to be here 标识来源"
* extension[basis].value[x] 1..1
* extension[basis].value[x] only code
* extension[basis].valueCode from RecognitionBasisVS (required)
* extension[item] ^short = "The recognised item on the list 互认项目"
* extension[item].value[x] 1..1
* extension[item].value[x] only Coding
* extension[list] ^short = "The list that names the item 互认项目清单"
* extension[list].value[x] 1..1
* extension[list].value[x] only uri
* extension[listVersion] ^short = "Version of the list 清单版本"
* extension[listVersion].value[x] 1..1
* extension[listVersion].value[x] only string
* extension[authority] ^short = "Who issues the mark 标识主管部门"
* extension[authority].value[x] 1..1
* extension[authority].value[x] only Reference(Organization)
* extension[validUntil] ^short = "Last day on which the result may be recognised 互认有效期至"
* extension[validUntil] ^definition = "Only where a rule text states a limit. Absent means that no limit is stated, not that the result is valid for ever."
* extension[validUntil].value[x] 1..1
* extension[validUntil].value[x] only date
* extension[evidence] ^short = "Quality evidence 质量依据"
* extension[evidence].extension contains
    type 1..1 and
    result 1..1 and
    period 0..1 and
    issuer 0..1 and
    document 0..1
* extension[evidence].extension[type] ^short = "eqa 室间质评 | iqc 室内质控 | assessment 检查质量评估"
* extension[evidence].extension[type].value[x] 1..1
* extension[evidence].extension[type].value[x] only code
* extension[evidence].extension[type].valueCode from EvidenceTypeVS (required)
* extension[evidence].extension[result] ^short = "passed 合格 | failed 不合格 | not-assessed 未参加"
* extension[evidence].extension[result].value[x] 1..1
* extension[evidence].extension[result].value[x] only code
* extension[evidence].extension[result].valueCode from EvidenceResultVS (required)
* extension[evidence].extension[period] ^short = "Period that the evidence covers"
* extension[evidence].extension[period].value[x] 1..1
* extension[evidence].extension[period].value[x] only Period
* extension[evidence].extension[issuer] ^short = "Who assessed, e.g. a clinical laboratory centre"
* extension[evidence].extension[issuer].value[x] 1..1
* extension[evidence].extension[issuer].value[x] only string
* extension[evidence].extension[document] ^short = "The certificate or report"
* extension[evidence].extension[document].value[x] 1..1
* extension[evidence].extension[document].value[x] only Reference(DocumentReference)

Invariant: hr-flag-1
Description: "An item that failed external quality assessment carries no recognition flag (四川省医疗机构检查检验结果互认工作实施方案 三(一): 质量评价不合格的检验项目，不得标注)"
Expression: "extension.where(url = 'evidence').where(extension.where(url = 'type' and value = 'eqa').exists() and extension.where(url = 'result' and value = 'failed').exists()).empty()"
Severity: #error

Invariant: hr-flag-2
Description: "A recognised item names the list that it stands on"
Expression: "extension.where(url = 'item').exists() implies extension.where(url = 'list').exists()"
Severity: #error
