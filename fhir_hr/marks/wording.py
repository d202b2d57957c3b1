"""The words of every reason why a mark may not be shown: by code, Chinese first."""

from __future__ import annotations

from fhir_hr.marks.needs import Need, State

__all__ = ["NEED_NAMES", "NO_ITEM", "NO_RULES", "OTHER_KIND", "SHOWN_AT", "WORDS", "reason_code"]

NO_RULES = "mark-no-rules"
OTHER_KIND = "mark-other-kind"
NO_ITEM = "mark-no-item"

NEED_NAMES: dict[Need, tuple[str, str]] = {
    Need.TEXT_IN_FORCE: ("文件施行", "text in force"),
    Need.REPORT_FINAL: ("报告已审核签发", "report released"),
    Need.RESULT_FINAL: ("结果已定稿", "result final"),
    Need.INSTITUTION_AREA: ("机构在标识地区内", "institution in the area"),
    Need.INSTITUTION_LISTED: ("机构在互认名单内", "institution listed"),
    Need.INSTITUTION_PUBLIC: ("机构为公立", "public institution"),
    Need.INSTITUTION_TIER: ("机构级别", "tier of the institution"),
    Need.AUTHORISED: ("获准使用标识", "leave to use the mark"),
    Need.ITEM_LISTED: ("项目在清单内", "item listed"),
    Need.PATIENT_NAMED: ("患者姓名", "patient's name"),
    Need.PERFORMED_STATED: ("采集或检查时间", "time performed"),
    Need.SPECIMEN_STATED: ("样本类型", "specimen type"),
    Need.SPECIMEN_FIT: ("样本相符", "specimen fits"),
    Need.VALUE_PRESENT: ("结果", "value"),
    Need.METHOD_STATED: ("检测方法", "method"),
    Need.REFERENCE_STATED: ("参考区间", "reference interval"),
    Need.SCALE_STATED: ("定量或定性", "quantitative or qualitative"),
    Need.SERIES_COMPLETE: ("序列完整", "series complete"),
    Need.IMAGE_QUALITY: ("影像质量", "image quality"),
    Need.REPORT_SOUND: ("报告文字与数据", "words and data of the report"),
    Need.DEVICE_MODEL: ("仪器型号", "instrument model"),
    Need.EQA: ("室间质评", "external quality assessment"),
    Need.IQC: ("室内质控", "internal quality control"),
    Need.ASSESSMENT: ("专家评估", "expert assessment"),
    Need.QUALITY_SYSTEM: ("设备试剂与质量管理体系", "equipment and quality system"),
}

_M, _U, _F = State.MISSING, State.UNKNOWN, State.FAILED
_BY_NEED: dict[tuple[Need, State], tuple[str, str]] = {
    (Need.TEXT_IN_FORCE, _M): ("检验检查早于文件施行", "performed before the text was in force"),
    (Need.TEXT_IN_FORCE, _U): ("不能确定检验检查时文件是否已施行", "not known whether the text was in force then"),
    (Need.REPORT_FINAL, _M): ("报告未审核签发", "the report is not released"),
    (Need.REPORT_FINAL, _U): ("报告状态不明", "the state of the report is not known"),
    (Need.RESULT_FINAL, _M): ("结果未定稿或已撤销", "the result is not final, or was withdrawn"),
    (Need.RESULT_FINAL, _U): ("结果状态不明", "the state of the result is not known"),
    (Need.INSTITUTION_AREA, _M): ("机构不在该标识的适用地区", "the institution lies outside the area of this mark"),
    (Need.INSTITUTION_AREA, _U): ("机构所在地区不明", "the area of the institution is not known"),
    (Need.INSTITUTION_LISTED, _M): ("机构不在互认机构名单内", "the institution is not on the list"),
    (Need.INSTITUTION_LISTED, _U): ("不知机构是否在互认机构名单内", "not known whether the institution is on the list"),
    (Need.INSTITUTION_PUBLIC, _M): ("机构不是公立医疗机构", "the institution is not public"),
    (Need.INSTITUTION_PUBLIC, _U): ("不知机构是否公立", "not known whether the institution is public"),
    (Need.INSTITUTION_TIER, _M): ("机构级别不在互认范围内", "the tier of the institution is out of scope"),
    (Need.INSTITUTION_TIER, _U): ("机构级别不明", "the tier of the institution is not known"),
    (Need.AUTHORISED, _U): ("机构未声明已获准使用该标识", "the institution does not state that it may use this mark"),
    (Need.ITEM_LISTED, _M): ("项目不在该标识的互认项目清单内", "the item is not on the list of this mark"),
    (Need.ITEM_LISTED, _U): (
        "项目未能对照，或清单不全、未提供",
        "the item was not mapped, or the list is incomplete or was not given",
    ),
    (Need.PATIENT_NAMED, _M): ("报告缺患者姓名", "the report does not name the patient"),
    (Need.PATIENT_NAMED, _U): ("不知报告是否载明患者姓名", "not known whether the report names the patient"),
    (Need.PERFORMED_STATED, _M): ("缺采集或检查时间（须到日）", "the time performed is not stated to the day"),
    (Need.SPECIMEN_STATED, _M): ("报告未注明样本类型", "the specimen type is not stated"),
    (Need.SPECIMEN_FIT, _M): ("样本与清单项目不符", "the specimen is not that of the listed item"),
    (Need.SPECIMEN_FIT, _U): ("样本类型未能对照", "the specimen type was not mapped"),
    (Need.VALUE_PRESENT, _M): ("没有结果", "there is no value"),
    (Need.METHOD_STATED, _M): ("未注明检测方法", "the method is not stated"),
    (Need.REFERENCE_STATED, _M): ("未注明参考区间", "the reference interval is not stated"),
    (Need.SCALE_STATED, _M): ("未标明定量或定性", "quantitative or qualitative is not stated"),
    (Need.SERIES_COMPLETE, _M): ("影像序列不完整", "the series are incomplete"),
    (Need.SERIES_COMPLETE, _U): ("不知影像序列是否完整", "not known whether the series are complete"),
    (Need.IMAGE_QUALITY, _M): ("影像质量未达要求", "the images are not of diagnostic quality"),
    (Need.IMAGE_QUALITY, _U): ("影像质量未经确认", "the quality of the images was not confirmed"),
    (Need.REPORT_SOUND, _M): ("报告文字或数据不合要求", "words or data of the report are not as required"),
    (Need.REPORT_SOUND, _U): ("报告文字与数据未经确认", "words and data of the report were not confirmed"),
    (Need.DEVICE_MODEL, _M): ("报告未注明仪器型号", "the report does not state the instrument model"),
    (Need.EQA, _F): ("室间质评不合格", "external quality assessment failed"),
    (Need.EQA, _M): ("未参加室间质评", "no part was taken in external quality assessment"),
    (Need.EQA, _U): (
        "没有覆盖该时间、由规定机构组织的室间质评合格证据",
        "no pass of external quality assessment by a named organiser covers that time",
    ),
    (Need.IQC, _F): ("室内质控失控", "internal quality control failed"),
    (Need.IQC, _M): ("未开展室内质控", "internal quality control was not done"),
    (Need.IQC, _U): ("没有覆盖该时间的室内质控证据", "no evidence of internal quality control covers that time"),
    (Need.ASSESSMENT, _F): ("专家评估不合格", "the expert assessment was failed"),
    (Need.ASSESSMENT, _M): ("未经专家评估", "not assessed by experts"),
    (Need.ASSESSMENT, _U): ("没有覆盖该时间的专家评估合格证据", "no pass of an expert assessment covers that time"),
    (Need.QUALITY_SYSTEM, _U): (
        "机构未声明设备试剂合规及质量管理体系",
        "the institution does not state lawful equipment and a quality system",
    ),
}


def reason_code(need: Need, state: State) -> str:
    """Return the permanent code of a reason.

    Example:
        >>> reason_code(Need.EQA, State.FAILED)
        'mark-eqa-failed'
    """
    return f"mark-{need.value}-{state.value}"


WORDS: dict[str, tuple[str, str]] = {
    NO_RULES: (
        "未见规定该标识标注条件的文本，不得自行标注",
        "no text was read that says when this mark may be shown",
    ),
    OTHER_KIND: ("所见文本的该标识不用于此类报告", "in the text read, this mark is not for this kind of report"),
    NO_ITEM: ("没有一个项目可以标注", "no item may carry it"),
    **{reason_code(need, state): words for (need, state), words in _BY_NEED.items()},
}
"""Code of a reason to its words, Chinese and English."""

SHOWN_AT: dict[str, tuple[str, str]] = {
    "report/top-right": ("报告单右上角", "top right of the report"),
    "report/heading": ("报告单抬头", "heading of the report"),
    "report/foot": ("报告单下部", "foot of the report"),
    "image/top-right": ("图像或胶片右上角", "top right of the image or film"),
    "item/before-name": ("项目名称前", "before the item name"),
}
"""Target and place to their words."""
