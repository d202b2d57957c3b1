Extension: SourceText
Id: source-text
Title: "Text of the source 源文本"
Description: "The source's own text of an element, kept beside the interpretation that the element holds, e.g. the reference range as printed or a number with its arrows."
Context: Element
* . ^short = "Text as the source gave it 源文本"
* value[x] 1..1
* value[x] only string
