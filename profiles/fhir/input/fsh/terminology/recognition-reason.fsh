CodeSystem: RecognitionReason
Id: recognition-reason
Title: "Reason of a recognition outcome 互认判定理由"
Description: "Why the rules came to an outcome. A decision cites each reason with the clause of the policy text; the code alone is not the clause."
* insert CompleteCodeSystem
* insert Concept(HR-IDENTITY-MISMATCH, Identity differs, 患者身份不符, [[The prior belongs to another patient]])
* insert Concept(HR-IDENTITY-UNPROVEN, Identity not proved, 患者身份未能确认, [[It is not proved that the prior belongs to this patient]])
* insert Concept(HR-NOT-FINAL, Not final, 报告未审核发布, [[The prior is not a final result]])
* insert Concept(HR-STATUS-UNKNOWN, Status unknown, 报告状态不明, [[The status of the prior is not known]])
* insert Concept(HR-SUPERSEDED, Superseded, 已被更正或作废, [[A later correction or withdrawal replaces the prior]])
* insert Concept(HR-ITEM-UNLISTED, Item not on the list, 不在互认项目清单内, [[The ordered item is not on the jurisdiction's list]])
* insert Concept(HR-ITEM-MISMATCH, Another item, 项目不一致, [[The prior is another item than the one ordered]])
* insert Concept(HR-ITEM-UNMAPPED, Item not mapped, 项目未对照, [[A local code could not be traced to an item of the list]])
* insert Concept(HR-MARK-ABSENT, No mark, 无互认标识, [[The prior carries no recognition mark]])
* insert Concept(HR-MARK-OUTSIDE, Mark valid elsewhere, 互认标识不适用本地区, [[The mark of the prior is not valid in this jurisdiction]])
* insert Concept(HR-MARK-UNKNOWN, Mark unknown, 互认标识不明, [[It is not known which mark the prior carries]])
* insert Concept(HR-ITEM-SYMBOL-ABSENT, No symbol at the item, 项目未注互认符号, [[The report carries the mark but the item lacks its symbol]])
* insert Concept(HR-EQA-FAIL, External quality assessment failed, 室间质评不合格, [[The item failed external quality assessment at the performing laboratory]])
* insert Concept(HR-EQA-UNKNOWN, External quality assessment unknown, 室间质评情况不明, [[It is not known whether the item passed external quality assessment]])
* insert Concept(HR-IQC-FAIL, Internal quality control failed, 室内质控失控, [[Internal quality control was out of control]])
* insert Concept(HR-INCOMPLETE, Incomplete, 报告信息不全, [[The report lacks what the text requires]])
* insert Concept(HR-SPECIMEN-MISMATCH, Another specimen, 标本类型不一致, [[The specimen differs from the one the item needs]])
* insert Concept(HR-SPECIMEN-UNKNOWN, Specimen unknown, 标本类型不明, [[The specimen of the prior is not known]])
* insert Concept(HR-METHOD-MISSING, Method missing, 未注明检测方法, [[The report does not state the method]])
* insert Concept(HR-SCALE-MISSING, Scale missing, 未注明定量或定性, [[The report does not state quantitative or qualitative]])
* insert Concept(HR-SCALE-MISMATCH, Another scale, 定量定性不一致, [[One is quantitative and the other is qualitative]])
* insert Concept(HR-INTERVAL-MISSING, Reference interval missing, 未注明参考区间, [[The report does not state the reference interval]])
* insert Concept(HR-WINDOW-EXPIRED, Window passed, 超过互认时限, [[The prior is older than the stated limit]])
* insert Concept(HR-WINDOW-NONE, No window stated, 文件未规定时限, [[The text states no limit of time]])
* insert Concept(HR-EXCLUSION, Exclusion asserted, 符合不受互认限制情形, [[The clinician asserts one of the exclusions of the text]])
* insert Concept(HR-FUTURE, Time in the future, 检测时间晚于开单时间, [[The prior is dated after the order]])
* insert Concept(HR-TIME-UNKNOWN, Time unknown, 检测时间不明, [[The time of the prior is not known]])
* insert Concept(HR-OWN-HOSPITAL, Own hospital, 本院结果, [[The prior is from the ordering hospital itself]])
* insert Concept(HR-OBLIGED, Obliged, 规定应当互认, [[A pack obliges to recognise the prior]])

ValueSet: RecognitionReasonVS
Id: recognition-reason
Title: "Reason of a recognition outcome 互认判定理由"
Description: "All codes of the code system."
* include codes from system RecognitionReason
