CodeSystem: RecognitionBasis
Id: recognition-basis
Title: "Basis of a recognition flag 标识来源"
Description: "How a recognition flag came to stand on a result."
* insert CompleteCodeSystem
* insert Concept(printed-on-report, Printed on the report, 报告单标注, [[The report sheet or message of the source carries the mark]])
* insert Concept(item-symbol, Item symbol, 项目符号标注, [[The symbol before the item's name stands for the mark, e.g. * in the report template of Sichuan]])
* insert Concept(shown-on-image, Shown on the image, 图像标注, [[A presentation state or overlay of the source shows the mark on the images]])
* insert Concept(issued, Issued, 系统判定标注, [[The sender's software decided from list and quality evidence that the result carries the mark]])

ValueSet: RecognitionBasisVS
Id: recognition-basis
Title: "Basis of a recognition flag 标识来源"
Description: "All codes of the code system."
* include codes from system RecognitionBasis

CodeSystem: EvidenceType
Id: evidence-type
Title: "Type of quality evidence 质量依据类型"
Description: "Kinds of evidence that a recognition flag can rest on."
* insert CompleteCodeSystem
* insert Concept(eqa, External quality assessment, 室间质量评价, [[External quality assessment, organised by a national or provincial centre for clinical laboratories]])
* insert Concept(iqc, Internal quality control, 室内质量控制, [[Internal quality control of the laboratory]])
* insert Concept(assessment, Assessment, 质量评估, [[Assessment of the institution or its examinations by a quality control centre]])

ValueSet: EvidenceTypeVS
Id: evidence-type
Title: "Type of quality evidence 质量依据类型"
Description: "All codes of the code system."
* include codes from system EvidenceType

CodeSystem: EvidenceResult
Id: evidence-result
Title: "Result of quality evidence 质量依据结果"
Description: "What an assessment or control found."
* insert CompleteCodeSystem
* insert Concept(passed, Passed, 合格, [[Assessed and found good]])
* insert Concept(failed, Failed, 不合格, [[Assessed and not found good]])
* insert Concept(not-assessed, Not assessed, 未参加评价, [[Did not take part, or was not assessed in the period]])

ValueSet: EvidenceResultVS
Id: evidence-result
Title: "Result of quality evidence 质量依据结果"
Description: "All codes of the code system."
* include codes from system EvidenceResult

CodeSystem: ResultScaleCS
Id: result-scale
Title: "Scale of a result 定量/定性"
Description: "Whether a result is a quantity or a quality."
* insert CompleteCodeSystem
* ^name = "ResultScaleCodes"
* insert Concept(quantitative, Quantitative, 定量, [[The result is a number with or without a unit]])
* insert Concept(qualitative, Qualitative, 定性, [[The result is a word or grade, e.g. positive or negative]])

ValueSet: ResultScaleVS
Id: result-scale
Title: "Scale of a result 定量/定性"
Description: "All codes of the code system."
* include codes from system ResultScaleCS
