// All persons, hospitals, numbers and values are invented.

Instance: example-imaging-study
InstanceOf: RecognisedImagingStudy
Usage: #example
Title: "Imaging study 影像检查"
Description: "A chest radiograph whose images carry 并HR; the archive holds what was read"
* extension[recognition].extension[scope].valueCoding = RecognitionScope#cn-1401 "Taiyuan city"
* extension[recognition].extension[label].valueString = "并HR"
* extension[recognition].extension[mark].valueCoding = RecognitionMark#bing-hr "并HR"
* extension[recognition].extension[basis].valueCode = #printed-on-report
* extension[recognition].extension[validUntil].valueDate = "2026-05-31"
* extension[completeness].extension[verdict].valueCode = #complete-per-archive
* extension[completeness].extension[evidence].extension[ground].valueCode = #archive-counts
* extension[completeness].extension[evidence].extension[holds].valueBoolean = true
* extension[completeness].extension[evidence].extension[text].valueString = "归档系统计数 1 幅，读取 1 幅"
* extension[images].valueUnsignedInt = 1
* identifier[studyInstanceUid].value = "urn:oid:2.25.139812345678901234567890123456789"
* status = #available
* modality = $DCM#DX "Digital Radiography"
* subject = Reference(example-patient)
* started = "2026-05-01T09:20:00+08:00"
* basedOn.identifier.type = $v2-0203#ACSN "Accession ID"
* basedOn.identifier.value = "DR20260501001"
* basedOn.identifier.assigner.display = "示例市甲医院"
* basedOn.type = "ServiceRequest"
* endpoint[0] = Reference(example-wado)
* endpoint[1] = Reference(example-viewer)
* numberOfSeries = 1
* numberOfInstances = 1
{{R4}}* procedureCode = RecognisedItemCn51Imaging#cn-51-img-01
{{R4}}* procedureCode.text = "胸部站立后前位摄影"
{{R5}}* procedure.concept = RecognisedItemCn51Imaging#cn-51-img-01
{{R5}}* procedure.concept.text = "胸部站立后前位摄影"
* description = "胸部站立后前位摄影"
* series.extension[images].valueUnsignedInt = 1
* series.extension[acquisition].extension[view].valueString = "PA"
* series.extension[acquisition].extension[protocol].valueString = "胸部站立"
* series.uid = "2.25.139812345678901234567890123456790"
* series.number = 1
* series.modality = $DCM#DX "Digital Radiography"
* series.numberOfInstances = 1
* series.endpoint = Reference(example-wado)
{{R4}}* series.bodySite.display = "CHEST"
{{R5}}* series.bodySite.concept.text = "CHEST"
* series.started = "2026-05-01T09:20:00+08:00"
* series.performer.function = $participation#LOC "location"
* series.performer.actor = Reference(example-hospital-a)
* series.instance.uid = "2.25.139812345678901234567890123456791"
* series.instance.sopClass = urn:ietf:rfc:3986#urn:oid:1.2.840.10008.5.1.4.1.1.1.1
* series.instance.number = 1

Instance: example-imaging-study-ct
InstanceOf: RecognisedImagingStudy
Usage: #example
Title: "CT study CT检查"
Description: "A head CT as one multi-frame image, of which another is known to be missing; whether contrast was given is not stated, so two items of the list are possible"
* extension[completeness].extension[verdict].valueCode = #incomplete
* extension[completeness].extension[evidence].extension[ground].valueCode = #manifest
* extension[completeness].extension[evidence].extension[holds].valueBoolean = false
* extension[completeness].extension[evidence].extension[text].valueString = "a manifest of the whole study: 2 objects listed, 1 of them missing, 0 images not listed"
* extension[completeness].extension[missingCount].valueUnsignedInt = 1
* extension[completeness].extension[missing].valueOid = "urn:oid:2.25.139812345678901234567890123456795"
* extension[images].valueUnsignedInt = 1
* extension[candidate][0].valueCoding = RecognisedItemCn51Imaging#cn-51-img-24
* extension[candidate][1].valueCoding = RecognisedItemCn51Imaging#cn-51-img-35
* identifier[studyInstanceUid].value = "urn:oid:2.25.139812345678901234567890123456792"
* status = #available
* modality = $DCM#CT "Computed Tomography"
* subject = Reference(example-patient)
* started = "2026-05-02"
* numberOfSeries = 1
* numberOfInstances = 1
* series.uid = "2.25.139812345678901234567890123456793"
* series.modality = $DCM#CT "Computed Tomography"
* series.instance.extension[frames].valuePositiveInt = 30
* series.instance.uid = "2.25.139812345678901234567890123456794"
* series.instance.sopClass = urn:ietf:rfc:3986#urn:oid:1.2.840.10008.5.1.4.1.1.2.1

Instance: example-wado
InstanceOf: ImagingEndpoint
Usage: #example
Title: "WADO-RS"
Description: "Where the images can be fetched"
* status = #active
* name = "示例市甲医院影像归档"
* managingOrganization = Reference(example-hospital-a)
{{R4}}* connectionType = http://terminology.hl7.org/CodeSystem/endpoint-connection-type#dicom-wado-rs "DICOM WADO-RS"
{{R4}}* payloadType.text = "DICOM"
{{R4}}* payloadMimeType = #application/dicom
{{R5}}* connectionType = http://terminology.hl7.org/CodeSystem/endpoint-connection-type#dicom-wado-rs "DICOM WADO-RS"
{{R5}}* payload.type.text = "DICOM"
{{R5}}* payload.mimeType = #application/dicom
* address = "https://pacs.hospital-a.example/dicom-web"

Instance: example-viewer
InstanceOf: ImagingEndpoint
Usage: #example
Title: "Viewer 阅片页面"
Description: "A page that shows the images"
* status = #active
* connectionType = ImageConnection#image-viewer "Image viewer"
{{R4}}* payloadType = http://terminology.hl7.org/CodeSystem/endpoint-payload-type#none "None"
{{R4}}* payloadMimeType = #text/html
{{R5}}* payload.type = http://terminology.hl7.org/CodeSystem/endpoint-payload-type#none "None"
{{R5}}* payload.mimeType = #text/html
* address = "https://pacs.hospital-a.example/viewer"

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
