Extension: ImageCount
Id: image-count
Title: "Number of images 图像数"
Description: "How many of the instances are images. `numberOfInstances` counts every object of a study or series; presentation states, key objects, structured reports and dose records are objects and no images."
Context: ImagingStudy, ImagingStudy.series
* . ^short = "How many of the instances are images 图像数"
* value[x] 1..1
* value[x] only unsignedInt

Extension: FrameCount
Id: frame-count
Title: "Number of frames 帧数"
Description: "NumberOfFrames (0028,0008) of a multi-frame object. Absent when it is not stated."
Context: ImagingStudy.series.instance
* . ^short = "Number of frames 帧数"
* value[x] 1..1
* value[x] only positiveInt
