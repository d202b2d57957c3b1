CodeSystem: CompletenessVerdict
Id: completeness-verdict
Title: "Verdict on completeness 完整性结论"
Description: "Whether all of an imaging study is there."
* insert CompleteCodeSystem
* insert Concept(complete, Complete, 完整, [[The modality's or sender's own list of the whole study names what is there, and nothing else]])
* insert Concept(complete-per-archive, Complete per archive, 与存档一致, [[All that the archive has; it cannot know what was never sent to it]])
* insert Concept(incomplete, Incomplete, 不完整, [[Something is known to be missing]])
* insert Concept(unknown, Unknown, 未知, [[Nothing tells]])

ValueSet: CompletenessVerdictVS
Id: completeness-verdict
Title: "Verdict on completeness 完整性结论"
Description: "All codes of the code system."
* include codes from system CompletenessVerdict

CodeSystem: CompletenessGround
Id: completeness-ground
Title: "Ground of a verdict on completeness 完整性依据"
Description: "What a word on the completeness of an imaging study rests on, strongest first."
* insert CompleteCodeSystem
* insert Concept(performed-procedure-step, Performed procedure step, 设备执行步骤（MPPS）, [[The modality's own list of what it made, in a completed performed procedure step]])
* insert Concept(manifest, Manifest, 关键对象清单（KOS）, [[A key object document that lists what the study holds]])
* insert Concept(storage-commitment, Storage commitment, 存储承诺, [[The archive confirms to hold these instances]])
* insert Concept(archive-counts, Archive, 存档列表或计数, [[What the archive lists or counts of the study]])
* insert Concept(stated-counts, Stated counts, 自述计数, [[Counts that the objects state themselves]])
* insert Concept(geometry, Geometry, 层面位置, [[Positions of the slices: even spacing or gaps]])
* insert Concept(frames, Frames, 帧, [[Frames that a multi-frame object states and describes]])

ValueSet: CompletenessGroundVS
Id: completeness-ground
Title: "Ground of a verdict on completeness 完整性依据"
Description: "All codes of the code system."
* include codes from system CompletenessGround
