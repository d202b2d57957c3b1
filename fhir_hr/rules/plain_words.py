"""The words of packs as people read them, in Chinese and English: kinds of check, effects, parts, states.

Used wherever a pack is told to a person: advice, differences, pages. Decisions have their own words
(``profiles/rules/reason-codes.csv``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["WORDS", "Pair", "joined", "pair", "word"]

Pair = tuple[str, str]
"""The same words in Chinese and in English."""

WORDS: Mapping[str, Pair] = {
    # kinds of check
    "identity": ("身份核对", "same person"),
    "finality": ("结果已审核签发", "final result"),
    "superseded": ("未被更正或撤回", "not corrected since"),
    "time_order": ("时间先后", "order of times"),
    "item_fit": ("同一项目", "same item"),
    "exam_fit": ("检查要素一致", "same examination"),
    "specimen_fit": ("标本一致", "same specimen"),
    "scale_fit": ("定量或定性一致", "same scale"),
    "listed": ("在项目清单内", "on the list of items"),
    "own_hospital": ("本院结果", "own hospital"),
    "institution": ("出具机构", "issuing institution"),
    "direction": ("互认方向", "direction"),
    "negative_list": ("负面清单", "negative list"),
    "mark": ("互认标识", "mark"),
    "item_symbol": ("项目前符号", "symbol at the item"),
    "quality": ("质量评价", "quality evidence"),
    "complete": ("报告完整", "complete report"),
    "special": ("清单的特别要求", "what the list demands"),
    "comparability": ("结果可比", "comparable result"),
    "window": ("互认时限", "time limit"),
    "exclusion": ("排除情形", "exclusion"),
    "overlay": ("医院补充规则", "hospital's overlay"),
    "applies": ("适用范围", "where it applies"),
    "merge": ("合并判断", "merge"),
    # effects
    "oblige": ("应当互认", "must"),
    "discretion": ("由医师判断", "physician decides"),
    "block": ("不予互认", "not recognised"),
    "unknown": ("无法判断", "cannot be judged"),
    "note": ("仅提示", "note only"),
    # what a finding is called in a pack
    "on_mismatch": ("不一致时", "when different"),
    "on_unknown": ("不明时", "when unknown"),
    "on_fail": ("不符合时", "when it fails"),
    "on_broader": ("已有结果范围更大时", "when the prior is broader"),
    "on_other": ("标本在清单外时", "for another specimen"),
    "on_finer": ("已有结果更精细时", "when the prior is finer"),
    "on_unlisted": ("不在清单时", "when not listed"),
    "on_open": ("清单不全而未见时", "when the list is not whole"),
    "on_same": ("为本院结果时", "when it is the own hospital's"),
    "on_same_encounter": ("为本次就诊结果时", "when of the same visit"),
    "on_suspended": ("被暂停时", "when suspended"),
    "on_listed": ("在清单时", "when listed"),
    "on_valid": ("标识有效时", "when valid"),
    "on_absent": ("没有时", "when absent"),
    "on_outside": ("标识不覆盖时", "when the mark covers other places"),
    "on_not_assessed": ("未参加评价时", "when not assessed"),
    "on_unclear": ("说不清时", "when unclear"),
    "on_missing": ("缺少时", "when missing"),
    "on_differ": ("不同时", "when they differ"),
    "on_expired": ("超过时限时", "when too old"),
    "on_none": ("未定时限时", "when there is no limit"),
    "on_claim": ("医师提出时", "when claimed"),
    "then": ("符合时", "when it holds"),
    "otherwise": ("都不符合时", "otherwise"),
    # states and kinds
    "complete-list": ("完整", "complete"),
    "partial": ("不全", "partial"),
    "absent": ("未见", "absent"),
    "stated": ("原文载明", "stated"),
    "inferred": ("推定", "inferred"),
    "laboratory": ("检验", "laboratory"),
    "imaging": ("影像检查", "imaging"),
    "other": ("其他检查", "other"),
    "alliance": ("医联体", "alliance"),
    "county": ("县级", "county"),
    "city": ("市级", "city"),
    "province": ("省级", "province"),
    "region": ("区域", "region"),
    "nation": ("国家", "nation"),
    "shall-not-repeat": ("不得重复", "shall not be repeated"),
    "in-principle": ("原则上认可", "in principle"),
    "performed": ("采集或检查时间", "time performed"),
    "reported": ("报告时间", "time reported"),
    "elapsed": ("满 24 小时为一天", "days of 24 hours"),
    "calendar": ("按日历天", "calendar days"),
    "unstated": ("原文未说明", "not stated"),
    "report": ("报告", "report"),
    "item": ("项目", "item"),
    "either": ("报告或项目", "report or item"),
    "public": ("公立", "public"),
    "private": ("社会办", "private"),
    "hospital": ("医院", "hospital"),
    "independent-laboratory": ("医学检验实验室", "independent laboratory"),
    "imaging-centre": ("医学影像诊断中心", "imaging centre"),
    "primary-care": ("基层医疗卫生机构", "primary care"),
    "eqa": ("室间质评", "EQA"),
    "iqc": ("室内质控", "IQC"),
    "assessment": ("专家评估", "assessment"),
    "passed": ("合格", "passed"),
    "failed": ("不合格", "failed"),
    "not-assessed": ("未参加", "not assessed"),
    "quantitative": ("定量", "quantitative"),
    "qualitative": ("定性", "qualitative"),
    # fields and aspects
    "patient-name": ("患者姓名", "patient name"),
    "specimen": ("样本类型", "specimen"),
    "value": ("结果", "result"),
    "method": ("检测方法", "method"),
    "reference-interval": ("参考区间", "reference interval"),
    "scale": ("定量或定性", "quantitative or qualitative"),
    "images": ("图像", "images"),
    "series": ("完整序列", "all series"),
    "device-model": ("仪器型号", "device model"),
    "modality": ("设备类型", "modality"),
    "body-part": ("部位", "body part"),
    "side": ("侧别", "side"),
    "views": ("体位", "projection"),
    "contrast": ("增强方式", "contrast"),
    "unit": ("单位", "unit"),
    "left": ("左侧", "left"),
    "right": ("右侧", "right"),
    "both": ("双侧", "both"),
    "frontal": ("正位", "frontal"),
    "standing-pa": ("站立后前位", "standing PA"),
    "lateral": ("侧位", "lateral"),
    "oblique": ("斜位", "oblique"),
    "plain": ("平扫", "plain"),
    "enhanced": ("增强", "enhanced"),
    "plain-and-enhanced": ("平扫加增强", "plain and enhanced"),
    # duties
    "remind-before-order": ("开单前提醒", "remind before the order"),
    "review-after-order": ("开单后审核", "review after the order"),
    "warn-in-background": ("后台预警", "warn in the background"),
    "sample-refusals": ("抽查不予互认", "sample refusals"),
    "upload-to-platform": ("上传平台", "upload to the platform"),
    "retrieve-across": ("跨机构调阅", "retrieve across institutions"),
    "report-statistics": ("上报统计", "report statistics"),
    "publish-lists": ("公布清单", "publish lists"),
    "monitor": ("监测", "monitor"),
    "correct-data": ("数据纠错", "correct data"),
    "inform-patient": ("告知患者", "inform the patient"),
    # needs of a refusal or an exclusion
    "inform": ("告知患者", "inform the patient"),
    "patient-consent-to-repeat": ("患者同意重新检查", "patient's consent to the repetition"),
    "note-consent": ("记录同意", "note the consent"),
    "note-reason": ("记录原因", "note the reason"),
    "patient-signature": ("患者签字", "patient's signature"),
    "note-refusal": ("记录患者不同意", "note the refusal"),
    "text": ("填写文字说明", "free text"),
    "disease": ("填写疾病名称", "name of the disease"),
    "consent": ("患者同意", "consent"),
    "signature": ("签字", "signature"),
    # what has to be recorded
    "institution-name": ("机构名称", "institution's name"),
    "performed-date": ("检查日期", "date performed"),
    "archive-number": ("档案号", "archive number"),
    "month": ("月", "month"),
    "year": ("年", "year"),
    # specimens
    "blood": ("全血", "whole blood"),
    "venous-blood": ("静脉血", "venous blood"),
    "arterial-blood": ("动脉血", "arterial blood"),
    "capillary-blood": ("末梢血", "capillary blood"),
    "blood-unspecified": ("血（未注明种类）", "blood, unspecified"),
    "serum": ("血清", "serum"),
    "plasma": ("血浆", "plasma"),
    "serum-plasma": ("血清或血浆", "serum or plasma"),
    # facts that may be missing
    "completeness": ("报告是否完整", "whether the report is complete"),
    "evidence.assessment": ("专家评估资料", "assessment"),
    "evidence.eqa": ("室间质评资料", "EQA evidence"),
    "evidence.iqc": ("室内质控资料", "IQC evidence"),
    "exam": ("检查要素", "what was examined"),
    "institution.division": ("出具机构区划", "issuer's division"),
    "institution.level": ("出具机构级别、性质或评估", "issuer's level, ownership or assessment"),
    "institution.list": ("完整的机构名单", "the whole list of institutions"),
    "item.list": ("完整的项目清单", "the whole list of items"),
    "item_mark": ("项目处的标识", "mark at the item"),
    "order.at": ("开单时间", "time of the order"),
    "receiver.division": ("接诊机构区划", "receiver's division"),
    "receiver.level": ("接诊机构级别、性质或医联体", "receiver's level, ownership or alliance"),
    "report_mark": ("报告上的标识", "mark on the report"),
    "starred": ("项目前符号", "symbol at the item"),
    "status": ("结果状态", "status of the result"),
    "window.limit": ("互认时限", "the time limit"),
    "window.reading": ("时限如何计算", "how the limit is counted"),
    # tables
    "items": ("项目", "items"),
    "exclusions": ("排除情形", "exclusions"),
    "refusal_reasons": ("不予互认原因", "refusal reasons"),
    "institutions": ("机构", "institutions"),
    "alliances": ("医联体", "alliances"),
    "suspensions": ("暂停互认", "suspensions"),
    "negative": ("负面清单", "negative list"),
    "true": ("是", "yes"),
    "false": ("否", "no"),
}
"""Chinese and English of each word that packs use."""


def pair(text: object) -> Pair:
    """Return a word in both languages; a word that is none of ours stays as it is.

    Example:
        >>> pair("window"), pair("CT")
        (('互认时限', 'time limit'), ('CT', 'CT'))
    """
    plain = "true" if text is True else "false" if text is False else str(text)
    return WORDS.get(plain, (plain, plain))


def word(text: object, lang: str) -> str:
    """Return a word in one language (``zh`` or ``en``).

    Example:
        >>> word("block", "zh"), word("block", "en")
        ('不予互认', 'not recognised')
    """
    return pair(text)[lang == "en"]


def joined(texts: Iterable[object], lang: str) -> str:
    """Return several words in one language, as a list in a sentence.

    Example:
        >>> joined(("images", "report"), "zh")
        '图像、报告'
    """
    return (", " if lang == "en" else "、").join(word(text, lang) for text in texts)
