// All persons, hospitals, numbers and values are invented.

Instance: example-patient
InstanceOf: RecognisedPatient
Usage: #example
Title: "Patient 患者"
Description: "An invented patient with a hospital number and its issuer"
* identifier[0].system = "https://hospital-a.example/ids/patient"
* identifier[0].value = "A0000123"
* identifier[0].assigner = Reference(example-hospital-a)
* name.text = "测试甲"
* gender = #male
* gender.extension[sourceSex].valueString = "1"
* birthDate = "1980-02"

Instance: example-hospital-a
InstanceOf: Organization
Usage: #example
Title: "Hospital 医院"
Description: "An invented hospital"
* name = "示例市甲医院"

Instance: example-authority
InstanceOf: Organization
Usage: #example
Title: "Authority 主管部门"
Description: "An invented authority that issues a mark"
* name = "示例省卫生健康主管部门"

Instance: example-specimen-blood
InstanceOf: RecognisedSpecimen
Usage: #example
Title: "Specimen 标本"
Description: "Whole blood"
* identifier.system = "https://hospital-a.example/ids/specimen"
* identifier.value = "2605010001"
* type.text = "全血"
* subject = Reference(example-patient)
* receivedTime = "2026-05-01T08:40:00+08:00"
* collection.collectedDateTime = "2026-05-01T08:05:00+08:00"

Instance: example-eqa-certificate
InstanceOf: DocumentReference
Usage: #example
Title: "Certificate 质评证书"
Description: "An invented certificate of external quality assessment"
* status = #current
* content.attachment.contentType = #application/pdf
* content.attachment.url = "https://hospital-a.example/quality/eqa-2026-1.pdf"
* content.attachment.title = "室间质量评价合格证书（示例）"

RuleSet: SichuanItem(code, name)
* extension[recognition].extension[item].valueCoding.system = "{{canonical}}/CodeSystem/recognised-item-cn-51-lab"
* extension[recognition].extension[item].valueCoding.code = #{code}
* extension[recognition].extension[item].valueCoding.display = "{name}"
* extension[recognition].extension[list].valueUri = "{{canonical}}/CodeSystem/recognised-item-cn-51-lab"
* extension[recognition].extension[listVersion].valueString = "第一批"

RuleSet: SichuanFlag(basis)
* extension[recognition].extension[scope].valueCoding = RecognitionScope#cn-51 "Sichuan province"
* extension[recognition].extension[label].valueString = "川内HR"
* extension[recognition].extension[mark].valueCoding = RecognitionMark#chuannei-hr "川内HR"
* extension[recognition].extension[basis].valueCode = #{basis}

RuleSet: LabResult(local, name)
* category[laboratory] = $observation-category#laboratory
* code.coding[0].system = "https://hospital-a.example/codes/lab"
* code.coding[0].code = #{local}
* code.coding[0].display = "{name}"
* code.text = "{name}"
* subject = Reference(example-patient)
* performer = Reference(example-hospital-a)

Instance: example-result-wbc
InstanceOf: RecognisedLabResult
Usage: #example
Title: "Flagged quantity 有互认标识的定量结果"
Description: "White cell count with the flag and its evidence"
* status = #final
* insert LabResult(WBC, 白细胞)
* code.coding[1].system = "{{canonical}}/CodeSystem/recognised-item-cn-51-lab"
* code.coding[1].code = #cn-51-lab-01
* code.coding[1].display = "白细胞"
* effectiveDateTime = "2026-05-01T08:05:00+08:00"
* issued = "2026-05-01T10:12:00+08:00"
* valueQuantity = 4.31 $UCUM#10*9/L "10*9/L"
* valueQuantity.extension.url = "{{canonical}}/StructureDefinition/source-text"
* valueQuantity.extension.valueString = "4.31 10^9/L"
* method.text = "流式细胞术"
* specimen = Reference(example-specimen-blood)
* referenceRange.low = 3.5 $UCUM#10*9/L "10*9/L"
* referenceRange.high = 9.5 $UCUM#10*9/L "10*9/L"
* referenceRange.text = "3.5--9.5"
* extension[scale].valueCode = #quantitative
* insert SichuanFlag(issued)
* insert SichuanItem(cn-51-lab-01, 白细胞)
* extension[recognition].extension[authority].valueReference = Reference(example-authority)
* extension[recognition].extension[validUntil].valueDate = "2026-12-31"
* extension[recognition].extension[evidence].extension[type].valueCode = #eqa
* extension[recognition].extension[evidence].extension[result].valueCode = #passed
* extension[recognition].extension[evidence].extension[period].valuePeriod.start = "2026-01-01"
* extension[recognition].extension[evidence].extension[period].valuePeriod.end = "2026-12-31"
* extension[recognition].extension[evidence].extension[issuer].valueString = "示例省临床检验中心"
* extension[recognition].extension[evidence].extension[document].valueReference = Reference(example-eqa-certificate)

Instance: example-result-hbsag
InstanceOf: RecognisedLabResult
Usage: #example
Title: "Flagged quality 有互认标识的定性结果"
Description: "Hepatitis B surface antigen with method and scale, marked on the sheet by its item symbol"
* status = #final
* insert LabResult(HBSAG, 乙肝病毒表面抗原)
* effectiveDateTime = "2026-05-01T08:05:00+08:00"
* issued = "2026-05-01T11:30:00+08:00"
* valueCodeableConcept.text = "阴性"
* method.text = "化学发光法"
* referenceRange.text = "阴性"
* extension[scale].valueCode = #qualitative
* insert SichuanFlag(item-symbol)
* insert SichuanItem(cn-51-lab-16, 乙肝病毒表面抗原)

Instance: example-result-pending
InstanceOf: RecognisedLabResult
Usage: #example
Title: "Pending result 未出结果"
Description: "A result without a value that is not final yet"
* status = #registered
* insert LabResult(ALT, 丙氨酸氨基转移酶)
* effectiveDateTime = "2026-05-01T08:05:00+08:00"

Instance: example-result-no-value
InstanceOf: RecognisedLabResult
Usage: #example
Title: "Result without a value 无结果"
Description: "A final result whose specimen could not be measured"
* status = #final
* insert LabResult(CR, 肌酐)
* effectiveDateTime = "2026-05-01T08:05:00+08:00"
* dataAbsentReason = http://terminology.hl7.org/CodeSystem/data-absent-reason#error "Error"
* note.text = "溶血，未检测"

Instance: example-lab-report
InstanceOf: RecognisedLabReport
Usage: #example
Title: "Laboratory report 检验报告"
Description: "A report sheet that carries 川内HR at its top right"
* identifier.system = "https://hospital-a.example/ids/report"
* identifier.value = "R2605010001"
* status = #final
* category[laboratory] = $v2-0074#LAB
* code.text = "血常规等"
* subject = Reference(example-patient)
* effectiveDateTime = "2026-05-01T08:05:00+08:00"
* issued = "2026-05-01T11:40:00+08:00"
* performer = Reference(example-hospital-a)
* specimen = Reference(example-specimen-blood)
* result[0] = Reference(example-result-wbc)
* result[1] = Reference(example-result-hbsag)
* result[2] = Reference(example-result-pending)
* result[3] = Reference(example-result-no-value)
* insert SichuanFlag(printed-on-report)
* extension[recognition].extension[scope][1].valueCoding = RecognitionScope#cn-r-chengyu "Chengdu-Chongqing region"
