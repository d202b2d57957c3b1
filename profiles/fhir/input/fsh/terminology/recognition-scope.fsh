CodeSystem: RecognitionScope
Id: recognition-scope
Title: "Recognition scope 互认范围"
Description: "Jurisdictions in which a recognition mark is valid. The digits are the first two or four digits of the GB/T 2260 division code; `cn-r-` is a region made of several provinces. Only jurisdictions whose mark has been seen in a source are listed; an authority adds its own."
* insert CompleteCodeSystem
* ^hierarchyMeaning = #part-of
* ^property[0].code = #parent
* ^property[0].uri = "http://hl7.org/fhir/concept-properties#parent"
* ^property[0].description = "The division above"
* ^property[0].type = #code
* ^property[1].code = #member
* ^property[1].description = "A division that belongs to the region"
* ^property[1].type = #code
* insert Concept(cn, China, 全国, [[The whole country]])
* insert Concept(cn-51, Sichuan province, 四川省, [[GB/T 2260 51]])
* insert Parent(cn-51, cn)
* insert Concept(cn-50, Chongqing municipality, 重庆市, [[GB/T 2260 50]])
* insert Parent(cn-50, cn)
* insert Concept(cn-r-chengyu, Chengdu-Chongqing region, 川渝地区, [[Sichuan and Chongqing together: the scope of 川渝HR]])
* insert Parent(cn-r-chengyu, cn)
* #cn-r-chengyu ^property[1].code = #member
* #cn-r-chengyu ^property[1].valueCode = #cn-51
* #cn-r-chengyu ^property[2].code = #member
* #cn-r-chengyu ^property[2].valueCode = #cn-50
* insert Concept(cn-1401, Taiyuan city, 太原市, [[GB/T 2260 1401]])
* insert Parent(cn-1401, cn)
* insert Concept(cn-42, Hubei province, 湖北省, [[GB/T 2260 42]])
* insert Parent(cn-42, cn)
* insert Concept(cn-4201, Wuhan city, 武汉市, [[GB/T 2260 4201]])
* insert Parent(cn-4201, cn-42)
* insert Concept(cn-32, Jiangsu province, 江苏省, [[GB/T 2260 32]])
* insert Parent(cn-32, cn)

RuleSet: Parent(code, parent)
* #{code} ^property[0].code = #parent
* #{code} ^property[0].valueCode = #{parent}

ValueSet: RecognitionScopeVS
Id: recognition-scope
Title: "Recognition scope 互认范围"
Description: "All jurisdictions of the code system; bound extensibly, so that another authority's jurisdiction can be added."
* include codes from system RecognitionScope
