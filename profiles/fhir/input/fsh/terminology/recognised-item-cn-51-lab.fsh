CodeSystem: RecognisedItemCn51Lab
Id: recognised-item-cn-51-lab
Title: "Recognised laboratory items of Sichuan, first batch 四川省临床检验结果互认项目（第一批）"
Description: "The 16 items of 四川省医疗机构检查检验结果互认工作实施方案 附件1《四川省临床检验结果互认项目清单（第一批）》. The codes are this guide's own, because the list gives only numbers; the displays are the list's names, the abbreviations stand as English designations."
* ^language = #zh-CN
* insert CompleteCodeSystem
* ^property[0].code = #number
* ^property[0].description = "Number (序号) of the item in 附件1"
* ^property[0].type = #integer
* ^property[1].code = #remark
* ^property[1].description = "Remark (备注) of the list"
* ^property[1].type = #string
* insert Item(cn-51-lab-01, 白细胞, WBC, 1)
* insert Item(cn-51-lab-02, 红细胞, RBC, 2)
* insert Item(cn-51-lab-03, 血红蛋白, HB, 3)
* insert Item(cn-51-lab-04, 血小板, PLT, 4)
* insert Item(cn-51-lab-05, 尿素, Urea, 5)
* insert Item(cn-51-lab-06, 尿酸, Uric, 6)
* insert Item(cn-51-lab-07, 肌酐, Cr, 7)
* insert Item(cn-51-lab-08, 总蛋白, TP, 8)
* insert Item(cn-51-lab-09, 白蛋白, Alb, 9)
* insert Item(cn-51-lab-10, 胆固醇, TC, 10)
* insert Item(cn-51-lab-11, 甘油三酯, TG, 11)
* insert Item(cn-51-lab-12, 丙氨酸氨基转移酶, ALT, 12)
* insert Item(cn-51-lab-13, 天门冬氨酸氨基转移酶, AST, 13)
* insert Item(cn-51-lab-14, 肌酸激酶, CK, 14)
* insert Item(cn-51-lab-15, 乳酸脱氢酶, LDH, 15)
* insert Item(cn-51-lab-16, 乙肝病毒表面抗原, HBsAg, 16)
* #cn-51-lab-16 ^property[1].code = #remark
* #cn-51-lab-16 ^property[1].valueString = "需标明方法学、定量或定性"

RuleSet: Item(code, name, abbreviation, number)
* #{code} "{name}" "四川省临床检验结果互认项目清单（第一批），附件1 第{number}项"
* #{code} ^designation[0].language = #en
* #{code} ^designation[0].value = "{abbreviation}"
* #{code} ^property[0].code = #number
* #{code} ^property[0].valueInteger = {number}

ValueSet: RecognisedItemCn51LabVS
Id: recognised-item-cn-51-lab
Title: "Recognised laboratory items of Sichuan, first batch 四川省临床检验结果互认项目（第一批）"
Description: "All 16 items of the list."
* ^language = #zh-CN
* include codes from system RecognisedItemCn51Lab
