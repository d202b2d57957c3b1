CodeSystem: RecognitionMark
Id: recognition-mark
Title: "Recognition mark 互认标识"
Description: "Registry of recognition marks: scope word + HR. Each concept says how far its wording is confirmed; marks are looked up here by their full text and never recognised by pattern."
* ^language = #zh-CN
* insert CompleteCodeSystem
* ^property[0].code = #confirmation
* ^property[0].description = "official = stated in a policy text; sourced = stated or seen elsewhere, see source; unconfirmed = named as an example, no text read"
* ^property[0].type = #code
* ^property[1].code = #source
* ^property[1].description = "Where the mark is stated"
* ^property[1].type = #string
* ^property[2].code = #placement
* ^property[2].description = "Where the mark stands on the report"
* ^property[2].type = #string
* ^property[3].code = #scope
* ^property[3].description = "A jurisdiction in which the mark is valid, from the code system recognition-scope; absent for an unconfirmed mark"
* ^property[3].type = #Coding
{{mark_concepts}}

ValueSet: RecognitionMarkVS
Id: recognition-mark
Title: "Recognition mark 互认标识"
Description: "All marks of the registry."
* ^language = #zh-CN
* include codes from system RecognitionMark
