CodeSystem: ResultGrade
Id: result-grade
Title: "Grade of a qualitative result 定性结果等级"
Description: "Grades that the whole text of a qualitative result can state. The codes are this guide's own; an equal HL7 interpretation stands as a property where there is one."
* ^language = #zh-CN
* insert CompleteCodeSystem
* ^property[0].code = #interpretation
* ^property[0].description = "The equal code of HL7 v3 ObservationInterpretation"
* ^property[0].type = #Coding
{{grade_concepts}}

ValueSet: ResultGradeVS
Id: result-grade
Title: "Grade of a qualitative result 定性结果等级"
Description: "All codes of the code system."
* ^language = #zh-CN
* include codes from system ResultGrade
