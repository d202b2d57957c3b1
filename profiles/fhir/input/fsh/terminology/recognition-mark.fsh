CodeSystem: RecognitionMark
Id: recognition-mark
Title: "Recognition mark 互认标识"
Description: "Registry of recognition marks: scope word + HR. Each concept says how far its wording is confirmed; marks are looked up here by their full text and never recognised by pattern."
* ^language = #zh-CN
* insert CompleteCodeSystem
* ^property[0].code = #confirmation
* ^property[0].description = "official = stated in a policy text; mirror = stated in a copy of a guide; seen = seen on reports; press = named by press; unconfirmed = named elsewhere, no source text read"
* ^property[0].type = #code
* ^property[1].code = #scope
* ^property[1].description = "The jurisdiction in which the mark is valid, from the code system recognition-scope; absent where no source says so"
* ^property[1].type = #Coding
* ^property[2].code = #item-symbol
* ^property[2].description = "Symbol before the name of an item that stands for the mark on a report"
* ^property[2].type = #string
* ^property[3].code = #source
* ^property[3].description = "Where the mark is stated"
* ^property[3].type = #string
* insert Mark(chuannei-hr, 川内HR, official, cn-51, [[四川省医疗机构检查检验结果互认工作实施方案 三; 附件2]])
* #chuannei-hr ^property[3].code = #item-symbol
* #chuannei-hr ^property[3].valueString = "*"
* insert Mark(chuanyu-hr, 川渝HR, official, cn-r-chengyu, [[四川省医疗机构检查检验结果互认工作实施方案 三]])
* insert Mark(bing-hr, 并HR, official, cn-1401, [[关于全面推进医疗机构间检查资料互认共享工作的实施意见（试行）（太原市，2024） 五]])
* insert Mark(e-hr, 鄂HR, mirror, cn-42, [[mirror of a 2024 city guide: http://b2b-team.com/xinwen/134165.html]])
* #e-hr ^property[3].code = #item-symbol
* #e-hr ^property[3].valueString = "★"
* insert Mark(wuhan-hr, 武汉HR, mirror, cn-4201, [[mirror of a 2024 city guide: http://b2b-team.com/xinwen/134165.html]])
* insert Mark(su-hr, 苏HR, seen, cn-32, [[seen on report samples; no policy text read]])
* #su-hr ^property[3].code = #item-symbol
* #su-hr ^property[3].valueString = "*"
* insert Mark(quanguo-hr, 全国HR, unconfirmed, cn, [[named as an example of the national measure of 2022; its article was not read]])
* insert MarkWithoutScope(jingjinji-hr, 京津冀HR, unconfirmed, [[named as an example of the national measure of 2022; its article was not read]])
* insert MarkWithoutScope(xicheng-hr, 北京市西城区HR, unconfirmed, [[named as an example of the national measure of 2022; its article was not read]])
* insert MarkWithoutScope(hr, HR, press, [[press report of the 2022 measure: the unified mark itself: https://www.laitimes.com/en/article/33pe4_3kewc.html]])

RuleSet: MarkWithoutScope(code, text, confirmation, source)
* #{code} "{text}"
* #{code} ^property[0].code = #confirmation
* #{code} ^property[0].valueCode = #{confirmation}
* #{code} ^property[1].code = #source
* #{code} ^property[1].valueString = "{source}"

RuleSet: Mark(code, text, confirmation, scope, source)
* insert MarkWithoutScope({code}, {text}, {confirmation}, [[{source}]])
* #{code} ^property[2].code = #scope
* #{code} ^property[2].valueCoding = {{canonical}}/CodeSystem/recognition-scope#{scope}

ValueSet: RecognitionMarkVS
Id: recognition-mark
Title: "Recognition mark 互认标识"
Description: "All registered recognition marks."
* ^language = #zh-CN
* include codes from system RecognitionMark
