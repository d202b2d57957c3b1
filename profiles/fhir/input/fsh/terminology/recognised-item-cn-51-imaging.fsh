CodeSystem: RecognisedItemCn51Imaging
Id: recognised-item-cn-51-imaging
Title: "Recognised imaging items of Sichuan, first batch 四川省医学影像检查结果互认项目（第一批）"
Description: "Items of 四川省医疗机构检查检验结果互认工作实施方案 附件3（医学影像检查结果互认项目第一批）. The codes are this guide's own, because the list gives only numbers; the displays are the list's names, the definitions its 项目释义. A fragment: 46 of the list's 53 items were legible in the text at hand."
* ^language = #zh-CN
* ^caseSensitive = true
* ^content = #fragment
* ^property[0].code = #number
* ^property[0].description = "Number (序号) of the item in 附件3"
* ^property[0].type = #integer
* ^property[1].code = #modality
* ^property[1].description = "Modality as the list writes it: DR, CT, MR"
* ^property[1].type = #string
* ^property[2].code = #part
* ^property[2].description = "Part of the body (部位) of the list"
* ^property[2].type = #string
* ^property[3].code = #side
* ^property[3].description = "left, right or both, where the name states a side"
* ^property[3].type = #string
* ^property[4].code = #view
* ^property[4].description = "A projection that the item consists of: standing-pa, frontal, lateral, oblique"
* ^property[4].type = #string
* ^property[5].code = #contrast
* ^property[5].description = "plain, enhanced or plain-and-enhanced"
* ^property[5].type = #string
* ^property[6].code = #includes
* ^property[6].description = "Another item of the list that is part of this one"
* ^property[6].type = #code
* ^property[7].code = #remark
* ^property[7].description = "What is doubtful in the text at hand"
* ^property[7].type = #string
* ^property[3].code = #side
* ^property[3].description = "left, right or both, where the name states a side"
* ^property[3].type = #string
* ^property[4].code = #view
* ^property[4].description = "A projection that the item consists of: standing-pa, frontal, lateral, oblique"
* ^property[4].type = #string
* ^property[5].code = #contrast
* ^property[5].description = "plain, enhanced or plain-and-enhanced"
* ^property[5].type = #string
* ^property[6].code = #includes
* ^property[6].description = "Another item of the list that is part of this one"
* ^property[6].type = #code
* ^property[7].code = #remark
* ^property[7].description = "What is doubtful in the text at hand"
* ^property[7].type = #string
{{exam_item_concepts}}

ValueSet: RecognisedItemCn51ImagingVS
Id: recognised-item-cn-51-imaging
Title: "Recognised imaging items of Sichuan, first batch 四川省医学影像检查结果互认项目（第一批）"
Description: "All known items of the list."
* ^language = #zh-CN
* include codes from system RecognisedItemCn51Imaging
