Profile: RecognisedImagingStudy
Parent: ImagingStudy
Id: recognised-imaging-study
Title: "Recognised imaging study 互认影像检查"
Description: "The images of an examination that may be recognised by another hospital: which study, of whom, where its images can be had, and whether all of it is there. Names follow IHE MADO and HL7 Europe Imaging; only what an archive always knows is mandatory."
* obeys hr-study-1
* extension contains
    RecognitionFlag named recognition 0..1 MS and
    StudyCompleteness named completeness 0..1 MS and
    ImageCount named images 0..1 MS and
    ItemCandidate named candidate 0..*
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "$this"
* identifier ^slicing.rules = #open
* identifier contains
    studyInstanceUid 1..1 MS and
    accession 0..* MS
* identifier[studyInstanceUid] ^short = "Study Instance UID: system urn:dicom:uid, value urn:oid: and the UID"
* identifier[studyInstanceUid] ^patternIdentifier.system = "urn:dicom:uid"
* identifier[studyInstanceUid].value 1..1
* identifier[accession] ^short = "Accession number 检查流水号"
* identifier[accession] ^patternIdentifier.type = $v2-0203#ACSN
* identifier[accession].value 1..1
* status MS
* modality MS
* subject 1..1 MS
* subject only Reference(RecognisedPatient)
* started MS
* basedOn MS
* referrer MS
* endpoint MS
* endpoint only Reference(ImagingEndpoint)
* numberOfSeries MS
* numberOfInstances MS
{{R4}}* procedureCode MS
{{R5}}* procedure MS
* description MS
* series MS
* series.extension contains
    ImageCount named images 0..1 MS and
    SeriesAcquisition named acquisition 0..1 MS
* series.uid MS
* series.number MS
* series.modality MS
* series.description MS
* series.numberOfInstances MS
* series.endpoint MS
* series.endpoint only Reference(ImagingEndpoint)
* series.bodySite MS
* series.laterality MS
* series.started MS
* series.performer MS
* series.instance MS
* series.instance.extension contains FrameCount named frames 0..1
* series.instance.uid MS
* series.instance.sopClass MS
* series.instance.number MS

Invariant: hr-study-1
Description: "The Study Instance UID is written as urn:oid: and the UID, so that a search finds it"
Expression: "identifier.where(system = 'urn:dicom:uid').all(value.matches('^urn:oid:[0-2]([.][0-9]+)+$'))"
Severity: #error

Profile: ImagingEndpoint
Parent: Endpoint
Id: imaging-endpoint
Title: "Where images can be had 影像访问地址"
Description: "A service that images can be fetched from (WADO-RS root), or a page that shows them. Its address names no patient."
* obeys hr-endpoint-1
* identifier MS
* status MS
* connectionType from ImageConnectionVS (extensible)
* connectionType MS
* name MS
* managingOrganization MS
* address MS

Invariant: hr-endpoint-1
Description: "Images are had over http or https"
Expression: "address.matches('^https?://[^ ]+$')"
Severity: #error
