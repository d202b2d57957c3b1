// All persons, hospitals, numbers and values are invented.

Instance: example-imaging-study
InstanceOf: ImagingStudy
Usage: #example
Title: "Imaging study 影像检查"
Description: "A chest radiograph whose images carry 并HR"
* extension[0].url = "{{canonical}}/StructureDefinition/recognition-flag"
* extension[0].extension[0].url = "scope"
* extension[0].extension[0].valueCoding = RecognitionScope#cn-1401 "Taiyuan city"
* extension[0].extension[1].url = "label"
* extension[0].extension[1].valueString = "并HR"
* extension[0].extension[2].url = "mark"
* extension[0].extension[2].valueCoding = RecognitionMark#bing-hr "并HR"
* extension[0].extension[3].url = "basis"
* extension[0].extension[3].valueCode = #printed-on-report
* extension[0].extension[4].url = "validUntil"
* extension[0].extension[4].valueDate = "2026-05-31"
* identifier.system = "urn:dicom:uid"
* identifier.value = "urn:oid:2.25.139812345678901234567890123456789"
* status = #available
* subject = Reference(example-patient)
* started = "2026-05-01T09:20:00+08:00"
* series.uid = "2.25.139812345678901234567890123456790"
* series.modality = $DCM#DX

Instance: example-imaging-report
InstanceOf: RecognisedImagingReport
Usage: #example
Title: "Imaging report 影像检查报告"
Description: "The report of a chest radiograph"
* status = #final
* category = $v2-0074#RAD
* code.text = "胸部站立后前位摄影"
* subject = Reference(example-patient)
* effectiveDateTime = "2026-05-01T09:20:00+08:00"
* issued = "2026-05-01T10:30:00+08:00"
* performer = Reference(example-hospital-a)
{{R4}}* imagingStudy = Reference(example-imaging-study)
{{R5}}* study = Reference(example-imaging-study)
* conclusion = "心肺膈未见明显异常。"
