"""Every code of advice with its gravity and its words, Chinese first, for a clerk and not for a programmer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fhir_hr.issues import Severity

__all__ = ["ADVICE", "AdviceCode"]

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFORMATION


class AdviceCode(StrEnum):
    """What lint may say of a pack; permanent once released."""

    BROKEN = "broken"
    # dates
    DATE_MISSING = "date-missing"
    DATE_UNSURE = "date-unsure"
    LEAD_TIME = "lead-time"
    EXPIRED = "expired"
    REVIEW_PASSED = "review-passed"
    REVIEW_MISSING = "review-missing"
    NOT_VERIFIED = "not-verified"
    # codes
    USCC_DIGIT = "uscc-digit"
    USCC_FORM = "uscc-form"
    DIVISION_UNKNOWN = "division-unknown"
    INSTITUTION_UNLISTED = "institution-unlisted"
    SPECIMEN_UNKNOWN = "specimen-unknown"
    # overlaps
    OVERLAP_INSTITUTION = "overlap-institution"
    OVERLAP_SUSPENSION = "overlap-suspension"
    OVERLAP_QUALITY = "overlap-quality"
    OVERLAP_NEGATIVE = "overlap-negative"
    OVERLAP_ALLIANCE = "overlap-alliance"
    ITEM_TWICE = "item-twice"
    CHECK_TWICE = "check-twice"
    # what can never happen
    CASE_SWALLOWED = "case-swallowed"
    CHECK_IDLE = "check-idle"
    PART_IDLE = "part-idle"
    EXCLUSION_IDLE = "exclusion-idle"
    MARK_IDLE = "mark-idle"
    MARK_ELSEWHERE = "mark-elsewhere"
    FORCE_IDLE = "force-idle"
    ROW_OUTSIDE = "row-outside"
    MUST_UNREACHABLE = "must-unreachable"
    DISCRETION_IDLE = "discretion-idle"
    # windows
    WINDOW_IMPOSSIBLE = "window-impossible"
    WINDOW_TOO_LONG = "window-too-long"
    # lists and gaps
    LIST_WITHOUT_GAP = "list-without-gap"
    GAP = "gap"
    DUTY_PERCENT = "duty-percent"
    # refusals
    REFUSAL_UNMAPPED = "refusal-unmapped"
    # sources
    DOCUMENT_SOURCE = "document-source"
    DOCUMENT_DATE = "document-date"
    CLAUSE_UNUSED = "clause-unused"
    CLAUSE_MISSING = "clause-missing"
    PHRASE_LONG = "phrase-long"
    INTERPRETATION = "interpretation"


C = AdviceCode

ADVICE: Mapping[AdviceCode, tuple[Severity, str, str]] = {
    C.BROKEN: (_ERROR, "{zh}", "{en}"),
    C.DATE_MISSING: (
        _WARNING,
        "没有写明自何日起施行（effective.from）；从何时起生效将无法核对",
        "the first day in force (effective.from) is missing",
    ),
    C.DATE_UNSURE: (
        _WARNING,
        "施行日期的可靠程度为“不明”；请核对原文后改为 stated 或 inferred",
        "the certainty of the dates in force is 'unknown'; compare with the text",
    ),
    C.LEAD_TIME: (
        _WARNING,
        "距生效只有 {hours} 小时；发布后至少留 48 小时，医院才来得及更新",
        "takes effect in {hours} hours; hospitals need at least 48 to fetch it",
    ),
    C.EXPIRED: (_WARNING, "已于 {day} 失效", "is no longer in force since {day}"),
    C.REVIEW_PASSED: (
        _WARNING,
        "应于 {day} 前复核，现已过期；规则仍照常使用，请复核后更新 review_by",
        "was to be reviewed by {day}; nothing is switched off, but review it",
    ),
    C.REVIEW_MISSING: (_INFO, "没有写明何时复核（review_by）", "says nowhere when to review it (review_by)"),
    C.NOT_VERIFIED: (
        _INFO,
        "没有写明由谁、何日对照原文核对过（verified）",
        "says nowhere who compared it with the text, and when (verified)",
    ),
    C.USCC_DIGIT: (
        _ERROR,
        "统一社会信用代码“{value}”的校验位不对，请核对是否抄错",
        "the check character of the USCC {value!r} is wrong",
    ),
    C.USCC_FORM: (
        _WARNING,
        "机构代码“{value}”不是 18 位统一社会信用代码；各方须确认使用同一代码",
        "{value!r} is no USCC of 18 characters; all parties have to use the same code",
    ),
    C.DIVISION_UNKNOWN: (
        _WARNING,
        "行政区划“{value}”不属于任何省级区划，请核对",
        "the division {value!r} belongs to no province",
    ),
    C.INSTITUTION_UNLISTED: (
        _WARNING,
        "机构“{value}”不在 institutions.csv 中，而该名单标为完整",
        "the institution {value!r} is not in institutions.csv, which is said to be complete",
    ),
    C.SPECIMEN_UNKNOWN: (
        _WARNING,
        "标本代码“{value}”不在标本表中，这一标本永远对不上",
        "the specimen {value!r} is in no table and can never fit",
    ),
    C.OVERLAP_INSTITUTION: (
        _ERROR,
        "机构“{value}”与第 {other} 行的有效期重叠，同一天有两种说法",
        "the periods of institution {value!r} overlap with line {other}: one day, two statements",
    ),
    C.OVERLAP_SUSPENSION: (
        _WARNING,
        "机构“{value}”的暂停期与第 {other} 行重叠",
        "the suspension of {value!r} overlaps with line {other}",
    ),
    C.OVERLAP_QUALITY: (
        _WARNING,
        "机构“{value}”的质量评价与第 {other} 行重叠而结果不同",
        "the quality evidence of {value!r} overlaps with line {other} and says otherwise",
    ),
    C.OVERLAP_NEGATIVE: (
        _WARNING,
        "负面清单项目“{value}”与第 {other} 行的期间重叠",
        "the negative row of {value!r} overlaps with line {other}",
    ),
    C.OVERLAP_ALLIANCE: (
        _WARNING,
        "“{value}”在同一医联体的期间与第 {other} 行重叠",
        "the membership of {value!r} overlaps with line {other}",
    ),
    C.ITEM_TWICE: (
        _WARNING,
        "项目“{value}”与第 {other} 行名称和要素都相同，只有代码不同",
        "the item {value!r} is the same as line {other} but for its code",
    ),
    C.CHECK_TWICE: (
        _WARNING,
        "检查“{value}”写了两次（另见第 {other} 行），后一条不增加任何内容",
        "the check {value!r} stands twice (line {other}); the second adds nothing",
    ),
    C.CASE_SWALLOWED: (
        _WARNING,
        "这一方向永远用不到：凡符合它的，都已先符合第 {other} 行的方向；请调整先后或条件",
        "this direction can never be reached: all that fits it fits line {other} first",
    ),
    C.CHECK_IDLE: (
        _WARNING,
        "检查“{value}”不会起作用：{why}",
        "the check {value!r} can never do anything: {why_en}",
    ),
    C.PART_IDLE: (
        _WARNING,
        "“{value}”（{field}）永远用不到：{why}",
        "{field!r} can never be used: {why_en}",
    ),
    C.EXCLUSION_IDLE: (
        _WARNING,
        "列出了 {count} 种排除情形，却没有 exclusion 检查；医师提出也不起作用",
        "there are {count} exclusion cases but no check 'exclusion': a claim does nothing",
    ),
    C.MARK_IDLE: (
        _WARNING,
        "登记了互认标识，却没有 mark 检查；有无标识都不影响结论",
        "there are marks but no check 'mark': they decide nothing",
    ),
    C.MARK_ELSEWHERE: (
        _WARNING,
        "标识“{value}”覆盖的地区（{covers}）与本规则包适用的地区（{divisions}）没有交集",
        "the mark {value!r} covers {covers}, and none of where the pack applies: {divisions}",
    ),
    C.FORCE_IDLE: (
        _WARNING,
        "写了约束力（force），但没有任何“应当互认”的依据，约束力用不到",
        "has a force, but nothing that obliges",
    ),
    C.ROW_OUTSIDE: (
        _WARNING,
        "“{value}”的有效期（{period}）完全在规则施行期间之外",
        "the period of {value!r} ({period}) lies wholly outside that of the text",
    ),
    C.MUST_UNREACHABLE: (
        _WARNING,
        "永远得不出“应当互认”：{why}",
        "can never come to MUST: {why_en}",
    ),
    C.DISCRETION_IDLE: (
        _INFO,
        "没有“应当互认”的依据，结论最多是“可以互认”；{count} 处“由医师判断”不改变本包的结论",
        "nothing obliges, so MAY is the most; {count} effects 'discretion' change nothing by themselves",
    ),
    C.WINDOW_IMPOSSIBLE: (
        _ERROR,
        "时限为 0 天且不含界，任何已有结果都超过时限",
        "0 days, and the limit itself not counted: every prior is too old",
    ),
    C.WINDOW_TOO_LONG: (
        _WARNING,
        "时限 {days} 天比规则的施行期间（{length} 天）还长，请核对单位",
        "the limit of {days} days is longer than the text is in force ({length} days)",
    ),
    C.LIST_WITHOUT_GAP: (
        _WARNING,
        "{what}标为“{state}”，但 gaps 中没有说明缺什么",
        "{what_en} is said to be {state_en}, but gaps does not say what is missing",
    ),
    C.GAP: (_INFO, "缺：{zh}", "gap: {en}"),
    C.DUTY_PERCENT: (
        _INFO,
        "义务“{value}”没有写明抽查比例（percent）",
        "the duty {value!r} states no share (percent)",
    ),
    C.REFUSAL_UNMAPPED: (
        _WARNING,
        "不予互认原因“{value}”没有对应到公共原因表（maps_to），上报时无法汇总",
        "the refusal reason {value!r} maps to nothing of the common list (maps_to)",
    ),
    C.DOCUMENT_SOURCE: (
        _WARNING,
        "文件“{value}”没有写明在何处读到（source）",
        "the document {value!r} does not say where it was read (source)",
    ),
    C.DOCUMENT_DATE: (
        _INFO,
        "文件“{value}”的印发日期未知；找到后请补上",
        "the date of issue of the document {value!r} is not known",
    ),
    C.CLAUSE_UNUSED: (
        _INFO,
        "条款“{value}”没有被任何规则引用",
        "the clause {value!r} is cited nowhere",
    ),
    C.CLAUSE_MISSING: (
        _INFO,
        "{count} 行没有写明条款（clause）：第 {lines} 行",
        "{count} rows cite no clause: lines {lines}",
    ),
    C.PHRASE_LONG: (
        _INFO,
        "条款“{value}”的引文有 {count} 个字；只摘关键的一句，不超过 {most} 个字",
        "the phrase of clause {value!r} has {count} characters; quote the key sentence only, at most {most}",
    ),
    C.INTERPRETATION: (
        _INFO,
        "{count} 处只有我们的解释而没有条款：第 {lines} 行；请主管部门确认",
        "{count} findings rest on our reading and on no clause: lines {lines}; the authority has to confirm them",
    ),
}
"""Gravity and words of each code: Chinese, English."""
