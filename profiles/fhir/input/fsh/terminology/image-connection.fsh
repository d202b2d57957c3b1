CodeSystem: ImageConnection
Id: image-connection
Title: "Access to images 影像访问方式"
Description: "Ways to images that HL7's code system of connection types does not name."
* insert CompleteCodeSystem
* insert Concept(image-viewer, Image viewer, 影像浏览器, [[A web page that shows the images of the study to a person; no protocol is promised]])

ValueSet: ImageConnectionVS
Id: image-connection
Title: "Access to images 影像访问方式"
Description: "DICOMweb retrieval, a viewer by IHE Invoke Image Display (R4's own code system names it), any other viewer."
* $connection#dicom-wado-rs
{{R4}}* $connection#ihe-iid
* include codes from system ImageConnection
