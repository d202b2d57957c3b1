Extension: ItemCandidate
Id: item-candidate
Title: "Candidate of the recognised item 可能的互认项目"
Description: "A recognised item that this study may be, where what is stated of it fits more than one or leaves something open. A candidate is no item: nothing may be recognised by it. The item itself stands among the procedures of the study."
Context: ImagingStudy
* . ^short = "Recognised item that the study may be 可能的互认项目"
* value[x] 1..1
* value[x] only Coding
