Extension: SeriesAcquisition
Id: series-acquisition
Title: "How a series was made 序列采集"
Description: "What the images of a series state of how they were made, as far as it tells one recognised item from another: projection (体位), contrast medium (平扫或增强), protocol. The words of the equipment; nothing here is interpreted."
Context: ImagingStudy.series
* . ^short = "Projection, contrast medium, protocol as stated 体位、增强、协议"
* extension contains
    view 0..* and
    patientPosition 0..1 and
    contrast 0..1 and
    contrastAgent 0..1 and
    protocol 0..1 and
    procedure 0..1 and
    station 0..1
* extension[view] ^short = "Projection as stated (0018,5101) or by its code, e.g. PA 体位"
* extension[view].value[x] 1..1
* extension[view].value[x] only string
* extension[patientPosition] ^short = "Position of the patient (0018,5100), e.g. HFS"
* extension[patientPosition].value[x] 1..1
* extension[patientPosition].value[x] only string
* extension[contrast] ^short = "Whether a contrast medium is stated 是否使用对比剂"
* extension[contrast] ^definition = "Absent when nothing is said of it. Images that name no contrast medium do not prove that none was given."
* extension[contrast].value[x] 1..1
* extension[contrast].value[x] only boolean
* extension[contrastAgent] ^short = "Contrast medium as stated (0018,0010) 对比剂"
* extension[contrastAgent].value[x] 1..1
* extension[contrastAgent].value[x] only string
* extension[protocol] ^short = "Name of the protocol (0018,1030) 协议名"
* extension[protocol].value[x] 1..1
* extension[protocol].value[x] only string
* extension[procedure] ^short = "Description of the performed procedure step (0040,0254) 执行步骤描述"
* extension[procedure].value[x] 1..1
* extension[procedure].value[x] only string
* extension[station] ^short = "Name of the station (0008,1010) 设备站名"
* extension[station].value[x] 1..1
* extension[station].value[x] only string
