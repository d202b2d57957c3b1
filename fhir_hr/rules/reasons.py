"""The words of the reasons, and the ready-made findings that checks hand out.

A finding that does not depend on the candidate is made once, when the pack is bound, and shared by all
decisions; only what compares values is made anew.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import PackError
from fhir_hr.mapping.marks import load_marks
from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.model.decisions import ClauseRef, Effect, Reason
from fhir_hr.rules.check_specs import Then
from fhir_hr.rules.lists import Lists
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.tables import TableRow, read_rows
from fhir_hr.rules.vocabulary import BIT, CheckKind, ReasonCode, Stage

__all__ = ["Finding", "Findings", "Params", "ReasonText", "ReasonTexts", "Voice", "reason_texts", "sentences"]

Params: TypeAlias = tuple[tuple[str, str], ...]

_WORDS = {
    # Values of our own code systems, in the words that physicians read. Anything else is shown as it is.
    "performed": "采集/检查",
    "reported": "报告",
    "quantitative": "定量",
    "qualitative": "定性",
    "order": "医嘱",
    "prior": "已有结果",
    "national-id": "身份证号",
    "local-id": "本地患者号",
    "name": "姓名",
    "sex": "性别",
    "birth-date": "出生日期",
    "patient-name": "患者姓名",
    "item": "检测项目",
    "specimen": "样本类型",
    "value": "结果",
    "laboratory": "检验",
    "imaging": "影像检查",
    "other": "其他检查",
    "modality": "检查类型",
    "body-part": "部位",
    "side": "侧别",
    "views": "体位",
    "contrast": "平扫/增强",
    "unit": "单位",
    "method": "检测方法",
    "reference-interval": "参考区间",
    "left": "左侧",
    "right": "右侧",
    "both": "双侧",
    "frontal": "正位",
    "standing-pa": "站立后前位",
    "lateral": "侧位",
    "oblique": "斜位",
    "plain": "平扫",
    "enhanced": "增强",
    "plain-and-enhanced": "平扫加增强",
    "report": "检查报告",
    "images": "影像",
    "series": "全部序列",
    "device-model": "仪器型号",
    "chest": "胸部",
    "infant-chest": "婴幼儿胸部",
    "shoulder": "肩关节",
    "elbow": "肘关节",
    "wrist": "腕关节",
    "hand": "手",
    "hip": "髋关节",
    "knee": "膝关节",
    "ankle": "踝关节",
    "foot": "足部",
    "cervical-spine": "颈椎",
    "thoracic-spine": "胸椎",
    "lumbar-spine": "腰椎",
    "sacrococcygeal-spine": "骶尾椎",
    "pelvis": "骨盆",
    "pelvic-cavity": "盆腔",
    "upper-abdomen": "上腹部",
    "head": "头部",
    "brain": "颅脑",
    "sella": "鞍区",
    "nose": "鼻部",
    "registered": "已登记",
    "partial": "部分结果",
    "preliminary": "初步",
    "final": "终审",
    "amended": "已修订",
    "corrected": "已更正",
    "appended": "已补充",
    "cancelled": "已取消",
    "entered-in-error": "录入错误",
    "unknown": "不明",
    "tier-0": "未定级",
    "tier-1": "一级",
    "tier-2": "二级",
    "tier-3": "三级",
    "public": "公立",
    "private": "社会办",
    "hospital": "医院",
    "independent-laboratory": "医学检验实验室",
    "imaging-centre": "医学影像诊断中心",
    "primary-care": "基层医疗卫生机构",
    "assessed": "已评估",
    "not-assessed": "未评估",
    "must": "应当互认",
    "may": "可以互认",
    "not": "不予互认",
    "indeterminate": "无法判断",
}


_KEPT = 1024
"""How many findings one maker keeps; beyond that it makes them anew."""


class ReasonText(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``reason-codes.csv``.

    Attributes:
        rank: position in (stage, code) order.
        facts: the facts that would have to be known for a firmer answer.
        zh, en: the display; sentence_zh, sentence_en: sentences with ``{parameter}`` places.
    """

    code: ReasonCode
    stage: Stage
    rank: int
    facts: tuple[str, ...]
    params: tuple[str, ...]
    zh: str
    en: str
    sentence_zh: str
    sentence_en: str


ReasonTexts: TypeAlias = Mapping[str, ReasonText]


class Finding(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one check found: its effect as a bit, its place in the order, the reason, the facts it lacked.

    ``shared``: this very object is handed out again for every candidate with the same values. Findings are the
    same only if they are one object.
    """

    bit: int
    rank: int
    reason: Reason
    missing: tuple[str, ...] = ()
    shared: bool = True


Findings: TypeAlias = tuple[Finding, ...]


@cache
def reason_texts() -> ReasonTexts:
    """Load the shipped table of reason codes.

    Raises:
        PackError: the table is broken, or does not hold exactly the codes of the vocabulary.
    """
    return parse_reason_texts(data_path("profiles", "rules", "reason-codes.csv").read_bytes())


def parse_reason_texts(data: bytes) -> ReasonTexts:
    """Read a table of reason codes from bytes (see :func:`reason_texts`)."""
    file = "reason-codes.csv"
    columns = ("code", "stage", "facts", "params", "zh", "en", "sentence_zh", "sentence_en")
    rows = read_rows(data, file=file, required=columns, key=("code",))
    known = {code.value for code in ReasonCode}
    for row in rows:
        if row.cells["code"] not in known:
            raise row.broken(f"unknown reason code {row.cells['code']!r}")
    lost = known - {row.cells["code"] for row in rows}
    if lost:
        raise PackError(f"lacks {', '.join(sorted(lost))}", file=file)
    stages = {stage.name.lower(): stage for stage in Stage}
    ordered = sorted(rows, key=lambda row: (_stage(row, stages), row.cells["code"]))
    return {row.cells["code"]: _text(row, rank, _stage(row, stages)) for rank, row in enumerate(ordered)}


def _stage(row: TableRow, stages: Mapping[str, Stage]) -> Stage:
    stage = stages.get(row.cells["stage"])
    if stage is None:
        raise row.broken(f"unknown stage {row.cells['stage']!r}")
    return stage


def _text(row: TableRow, rank: int, stage: Stage) -> ReasonText:
    params = row.words("params")
    for column in ("sentence_zh", "sentence_en"):
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(row.cells[column]) if name is not None}
        except ValueError as error:
            raise row.broken(f"{column}: {error}") from error
        if not used <= set(params):
            raise row.broken(f"{column}: names a parameter that the row does not have")
    cells = row.cells
    return ReasonText(
        code=ReasonCode(cells["code"]),
        stage=stage,
        rank=rank,
        facts=row.words("facts"),
        params=params,
        zh=cells["zh"],
        en=cells["en"],
        sentence_zh=cells["sentence_zh"],
        sentence_en=cells["sentence_en"],
    )


class Voice:
    """Makes findings in the name of one pack: finds clause and words, fills in the values.

    Attributes:
        content: the pack.
        lists: its lists, found by key.
    """

    def __init__(self, content: PackContent, texts: ReasonTexts) -> None:
        self.content = content
        self.lists = Lists(content)
        self._pack = content.pack
        self._texts = texts
        self._names = {row.code: row.name_zh for row in content.items}
        self._clauses = {
            clause.id: ClauseRef(document=document.id, clause=clause.clause, text=clause.text)
            for document in content.documents
            for clause in document.clauses
        }

    def clause(self, then: Then) -> ClauseRef:
        """Return the clause that a finding rests on, with our interpretation where there is one."""
        if then.clause is None:
            return ClauseRef(document=None, clause=None, interpretation=then.interpretation)
        found = self._clauses[then.clause]
        if then.interpretation is None:
            return found
        return msgspec.structs.replace(found, interpretation=then.interpretation)

    def fixed(
        self, code: ReasonCode, kind: CheckKind, then: Then, *, params: Params = (), missing: tuple[str, ...] = ()
    ) -> Findings:
        """Make a finding once, to be shared."""
        return self.varying(code, kind, then)(params, missing)

    def varying(
        self, code: ReasonCode, kind: CheckKind, then: Then, *, keep: bool = True
    ) -> Callable[[Params, tuple[str, ...]], Findings]:
        """Return a maker of findings whose parameters differ from candidate to candidate.

        Args:
            code: what to say.
            kind: in whose name.
            then: with what effect, on whose word.
            keep: hand out one object for equal parameters. False for parameters that belong to an event (times).
        """
        text = self._texts[code.value]
        bit, rank, effect, pack = BIT[then.effect], text.rank, then.effect, self._pack
        clause = self.clause(then)
        # What only notes or obliges lacks nothing for a firmer answer.
        lacking = then.effect not in (Effect.NOTE, Effect.OBLIGE)
        facts = text.facts if lacking else ()
        name, check = code.value, kind.value
        zh, en, names = text.sentence_zh, text.sentence_en, self._names
        kept: dict[tuple[Params, tuple[str, ...]], Findings] = {}

        def make(params: Params, missing: tuple[str, ...] = ()) -> Findings:
            known = kept.get((params, missing))
            if known is not None:
                return known
            shared = keep and len(kept) < _KEPT
            reason = Reason(
                code=name,
                check=check,
                effect=effect,
                clause=clause,
                pack=pack,
                params=params,
                zh=zh.format_map(_Chinese(params, names)) if params else zh,
                en=en.format_map(_Plain(params)) if params else en,
            )
            made = (
                Finding(
                    bit=bit, rank=rank, reason=reason, missing=(missing or facts) if lacking else (), shared=shared
                ),
            )
            if shared:
                kept[params, missing] = made
            return made

        return make


def sentences(text: ReasonText, params: Params) -> tuple[str, str]:
    """Return the Chinese and the English sentence of a reason with its values."""
    return text.sentence_zh.format_map(_Chinese(params)), text.sentence_en.format_map(_Plain(params))


class _Plain(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"


class _Chinese(_Plain):
    """Values in the words that physicians read; ``names``: items of the pack by code."""

    def __init__(self, params: Params, names: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__({key: "、".join(_word(part, names) for part in value.split(",")) for key, value in params})


def _word(part: str, names: Mapping[str, str]) -> str:
    known = _WORDS.get(part) or names.get(part) or _registered().get(part)
    if known is not None:
        return known
    # Projections of one examination: frontal+lateral.
    pieces = part.split("+")
    return "+".join(_WORDS[piece] for piece in pieces) if all(piece in _WORDS for piece in pieces) else part


@cache
def _registered() -> Mapping[str, str]:
    """What marks and kinds of specimen are called, by our codes."""
    registry = load_marks()
    kinds = {code: kind.zh for code, kind in load_specimens().kinds.items()}
    return kinds | {mark.code: mark.text for mark in (*registry.unconfirmed, *registry.marks)}
