Instance: StudyCompletenessSearch
InstanceOf: SearchParameter
Usage: #definition
* insert OwnSearchParameter(study-completeness, StudyCompletenessSearch, ImagingStudy, token)
* expression = "ImagingStudy.extension('{{canonical}}/StructureDefinition/study-completeness').extension('verdict').value.ofType(code)"
* description = "Studies by the verdict on their completeness 按影像完整性检索"

Instance: ItemCandidateSearch
InstanceOf: SearchParameter
Usage: #definition
* insert OwnSearchParameter(item-candidate, ItemCandidateSearch, ImagingStudy, token)
* expression = "ImagingStudy.extension('{{canonical}}/StructureDefinition/item-candidate').value.ofType(Coding)"
* description = "Studies by a recognised item that they may be 按可能的互认项目检索"

Instance: ImagingStudySearch
InstanceOf: SearchParameter
Usage: #definition
* insert OwnSearchParameter(imaging-study, ImagingStudySearch, DiagnosticReport, reference)
{{R4}}* expression = "DiagnosticReport.imagingStudy"
{{R5}}* expression = "DiagnosticReport.study"
* target = #ImagingStudy
* description = "Reports by the imaging study that they report on; R4 has no parameter of its own for it 按影像检查检索报告"
