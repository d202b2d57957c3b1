"""Parties, directions, gaps and duties of a pack in words."""

from __future__ import annotations

from fhir_hr.rules.check_specs import DirectionCase, Party, Rank
from fhir_hr.rules.plain_words import Pair, joined, pair
from fhir_hr.rules.schema import Certainty, Duty, Gap

__all__ = ["case_words", "certainty_words", "duty_words", "gap_words", "party_words", "receiver_words"]

_TIERS = {0: ("未定级", "no level"), 1: ("一级", "level 1"), 2: ("二级", "level 2"), 3: ("三级", "level 3")}
_ANYONE: Pair = ("任何机构", "anyone")


def certainty_words(value: Certainty) -> Pair:
    """Return how surely a value is known."""
    return ("不明", "not known") if value is Certainty.UNKNOWN else pair(value)


def party_words(party: Party) -> Pair:
    """Return what an institution has to be.

    Example:
        >>> party_words(Party(tiers=(2, 3), assessed=True))
        ('二级、三级，经评估', 'level 2, level 3; assessed')
    """
    parts: list[Pair] = []
    if party.tiers:
        levels = [_TIERS.get(tier, (str(tier), str(tier))) for tier in party.tiers]
        parts.append(("、".join(zh for zh, _ in levels), ", ".join(en for _, en in levels)))
    if party.at_least is not None:
        zh, en = _rank(party.at_least)
        parts.append((f"{zh}及以上", f"{en} and above"))
    if party.at_most is not None:
        zh, en = _rank(party.at_most)
        parts.append((f"{zh}及以下", f"{en} and below"))
    if party.ownership is not None:
        parts.append(pair(party.ownership))
    if party.types:
        parts.append((joined(party.types, "zh"), joined(party.types, "en")))
    if party.assessed is not None:
        parts.append(("经评估", "assessed") if party.assessed else ("未经评估", "not assessed"))
    return ("，".join(zh for zh, _ in parts), "; ".join(en for _, en in parts)) if parts else _ANYONE


def receiver_words(case: DirectionCase) -> Pair:
    """Return what the receiving institution has to be, by itself and beside the issuer."""
    parts = [party_words(case.receiver)]
    parts += [("与出具方同级", "of the issuer's level")] if case.same_tier else []
    parts += [("与出具方同属一个医联体", "of the issuer's alliance")] if case.same_alliance else []
    if len(parts) > 1 and parts[0] == _ANYONE:
        parts = parts[1:]
    return "，".join(zh for zh, _ in parts), "; ".join(en for _, en in parts)


def case_words(case: DirectionCase) -> Pair:
    """Return a direction as a sentence."""
    (from_zh, from_en), (to_zh, to_en), (zh, en) = (
        party_words(case.issuer),
        receiver_words(case),
        pair(case.then.effect),
    )
    return f"出具方{from_zh}，接诊方{to_zh}：{zh}", f"issued by {from_en}, received by {to_en}: {en}"


_PARTS: dict[str, Pair] = {
    "articles": ("条文", "articles"),
    "complete": ("报告要求", "what a report states"),
    "effective": ("施行日期", "period in force"),
    "force": ("约束力", "force"),
    "marks": ("互认标识", "marks"),
    "refusal-reasons": ("不予互认原因", "refusal reasons"),
    "results": ("结果", "results"),
    "text": ("原文", "text"),
}
"""Parts of a pack that other words would name wrongly, or not at all."""


def gap_words(gap: Gap) -> Pair:
    """Return a gap in words; its text is the author's."""
    zh, en = _PARTS.get(gap.part, pair(gap.part))
    return f"{zh}，{gap.text}", f"{en}, {gap.text}"


def duty_words(duty: Duty) -> Pair:
    """Return a duty with its share and period."""
    zh, en = pair(duty.duty)
    share = f" {duty.percent}%" if duty.percent is not None else ""
    period = pair(duty.period) if duty.period else ("", "")
    every = (f"，每{period[0]}", f", every {period[1]}") if duty.period else ("", "")
    text = f"：{duty.text}" if duty.text else ""
    return f"{zh}{share}{every[0]}{text}", f"{en}{share}{every[1]}{text}"


def _rank(rank: Rank) -> Pair:
    zh, en = _TIERS.get(rank.tier, (str(rank.tier), str(rank.tier)))
    return (f"{zh}{rank.grade.value}等", f"{en} {rank.grade.value}") if rank.grade else (zh, en)
