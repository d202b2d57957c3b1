"""What changes from one version of a pack to the next, in words and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from fhir_hr.model.decisions import Effect
from fhir_hr.rules.check_specs import CheckSpec, CompleteSpec, DirectionSpec, QualitySpec, Then, WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.diff.fields import differing, field_words, value_words
from fhir_hr.rules.plain_parts import case_words, duty_words, gap_words
from fhir_hr.rules.plain_words import Pair, pair
from fhir_hr.rules.schema import PackContent

__all__ = ["GROUPS", "Change", "Group", "How", "compare"]


class Group(StrEnum):
    """What a change is about, in the order in which changes are told."""

    PACK = "pack"
    PERIOD = "period"
    AREA = "area"
    WINDOW = "window"
    ITEM = "item"
    MARK = "mark"
    INSTITUTION = "institution"
    CHECK = "check"
    REFUSAL = "refusal"
    SOURCE = "source"


GROUPS: dict[Group, Pair] = {
    Group.PACK: ("规则包", "pack"),
    Group.PERIOD: ("施行期间", "period in force"),
    Group.AREA: ("地区", "areas"),
    Group.WINDOW: ("时限", "time limits"),
    Group.ITEM: ("项目", "items"),
    Group.MARK: ("标识", "marks"),
    Group.INSTITUTION: ("机构", "institutions"),
    Group.CHECK: ("检查", "checks"),
    Group.REFUSAL: ("排除与不予互认", "exclusions and refusals"),
    Group.SOURCE: ("条文", "sources"),
}


class How(StrEnum):
    """Added, removed or changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change.

    Attributes:
        subject: code or name of what changes, for machines (``items.cn-51-lab-01.window_days``).
        before, after: the values in Chinese words; ``None`` where there was or is none.
        zh, en: the whole change as a sentence.
    """

    group: Group
    how: How
    subject: str
    zh: str
    en: str
    before: str | None = None
    after: str | None = None


def compare(old: PackContent, new: PackContent) -> tuple[Change, ...]:
    """Return what changes from ``old`` to ``new``, grouped in the order of :class:`Group`."""
    found = [
        *_head(old, new),
        *_areas(old, new),
        *_checks(old.checks, new.checks),
        *(change for table in _TABLES for change in _rows(old, new, *table)),
        *_documents(old, new),
    ]
    order = list(Group)
    return tuple(sorted(found, key=lambda change: order.index(change.group)))


def _changed(group: Group, subject: str, name: Pair, values: tuple[Any, Any]) -> Change:
    days = subject.endswith(("max_days", "window_days"))
    (before_zh, before_en), (after_zh, after_en) = (_days(v) if days else value_words(v) for v in values)
    return Change(
        group=group,
        how=How.CHANGED,
        subject=subject,
        zh=f"{name[0]}：{before_zh} → {after_zh}",
        en=f"{name[1]}: {before_en} -> {after_en}",
        before=before_zh,
        after=after_zh,
    )


def _days(value: int | None) -> Pair:
    return ("未定", "none") if value is None else (f"{value} 天", f"{value} days")


def _added(group: Group, subject: str, name: Pair, *, gone: bool = False) -> Change:
    zh, en = ("删除", "removed") if gone else ("新增", "added")
    how = How.REMOVED if gone else How.ADDED
    return Change(group=group, how=how, subject=subject, zh=f"{zh}{name[0]}", en=f"{en} {name[1]}")


# -- head ------------------------------------------------------------------------------------------

_TOLD_ELSEWHERE = ("applies", "effective", "checks", "documents", "marks", "gaps", "duties")
_TABLE_PARTS = (
    *("items", "exclusions", "refusal_reasons", "institutions", "alliances"),
    *("suspensions", "quality", "negative", "weaken", "overlays"),
)
_REFUSAL_PARTS = ("record", "refusal")


def _head(old: PackContent, new: PackContent) -> Iterator[Change]:
    for name, before, after in differing(old, new, but=(*_TOLD_ELSEWHERE, *_TABLE_PARTS)):
        group = Group.REFUSAL if name in _REFUSAL_PARTS else Group.PACK
        yield _changed(group, name, field_words(name), (before, after))
    for name, before, after in differing(old.effective, new.effective):
        yield _changed(Group.PERIOD, f"effective.{name}", field_words(name), (before, after))
    yield from _set(Group.PACK, "gaps", ("缺口", "gap"), old.gaps, new.gaps, gap_words)
    yield from _set(Group.PACK, "duties", ("义务", "duty"), old.duties, new.duties, duty_words)


def _set(
    group: Group, subject: str, words: Pair, old: Sequence[Any], new: Sequence[Any], name: Callable[[Any], Pair]
) -> Iterator[Change]:
    for one in new:
        if one not in old:
            zh, en = name(one)
            yield _added(group, subject, (f"{words[0]}：{zh}", f"{words[1]}: {en}"))
    for one in old:
        if one not in new:
            zh, en = name(one)
            yield _added(group, subject, (f"{words[0]}：{zh}", f"{words[1]}: {en}"), gone=True)


def _areas(old: PackContent, new: PackContent) -> Iterator[Change]:
    area = ("适用地区", "area")
    yield from _set(
        Group.AREA, "applies.divisions", area, old.applies.divisions, new.applies.divisions, lambda code: (code, code)
    )
    for name, before, after in differing(old.applies, new.applies, but=("divisions",)):
        words = field_words(name)
        words = (f"适用范围{words[0]}", f"where it applies, {words[1]}")
        yield _changed(Group.AREA, f"applies.{name}", words, (before, after))


# -- checks ----------------------------------------------------------------------------------------


def _key(spec: CheckSpec) -> tuple[str, str]:
    match spec:
        case QualitySpec():
            return kind_of(spec).value, spec.evidence.value
        case _:
            return kind_of(spec).value, ""


def _numbered(specs: Iterable[CheckSpec]) -> dict[tuple[str, str, int], CheckSpec]:
    found: dict[tuple[str, str, int], CheckSpec] = {}
    for spec in specs:
        number = 0
        while (*_key(spec), number) in found:
            number += 1
        found[(*_key(spec), number)] = spec
    return found


def _checks(old: Sequence[CheckSpec], new: Sequence[CheckSpec]) -> Iterator[Change]:
    before, after = _numbered(old), _numbered(new)
    for key, spec in after.items():
        group = Group.WINDOW if isinstance(spec, WindowSpec) else Group.CHECK
        if key not in before:
            yield _added(group, f"checks.{key[0]}", _check_words(spec))
        else:
            yield from _check(before[key], spec, group)
    for key, spec in before.items():
        if key not in after:
            group = Group.WINDOW if isinstance(spec, WindowSpec) else Group.CHECK
            yield _added(group, f"checks.{key[0]}", _check_words(spec), gone=True)
    common = [key for key in before if key in after]
    if common != [key for key in after if key in before]:
        words = ("检查的先后次序改变（不影响结论）", "the order of checks changes (without effect on outcomes)")
        yield Change(group=Group.CHECK, how=How.CHANGED, subject="checks", zh=words[0], en=words[1])


def _check_words(spec: CheckSpec) -> Pair:
    zh, en = pair(kind_of(spec))
    extra = spec.evidence if isinstance(spec, QualitySpec) else spec.fields if isinstance(spec, CompleteSpec) else None
    if extra is None:
        return f"检查“{zh}”", f"check '{en}'"
    more = value_words(extra)
    return f"检查“{zh}（{more[0]}）”", f"check '{en} ({more[1]})'"


def _check(old: CheckSpec, new: CheckSpec, group: Group) -> Iterator[Change]:
    words = _check_words(new)
    subject = f"checks.{kind_of(new).value}"
    for name, before, after in differing(old, new):
        label = pair(name) if name.startswith("on_") or name == "otherwise" else field_words(name)
        said = (f"{words[0]}{label[0]}", f"{words[1]} {label[1]}")
        if isinstance(new, WindowSpec) and not isinstance(after, Then):
            said = (f"时限：{label[0]}", f"time limit, {label[1]}")
        if isinstance(before, Then) and isinstance(after, Then):
            yield from _then(before, after, group, f"{subject}.{name}", said)
        elif isinstance(new, DirectionSpec) and name == "cases":
            yield from _set(Group.CHECK, f"{subject}.cases", ("方向", "direction"), before, after, case_words)
        else:
            yield _changed(group, f"{subject}.{name}", said, (before, after))


def _then(old: Then, new: Then, group: Group, subject: str, words: Pair) -> Iterator[Change]:
    for name, before, after in differing(old, new):
        if name == "effect":
            values: tuple[Effect, Effect] = (before, after)
            yield _changed(group, f"{subject}.effect", words, values)
        else:
            label = field_words(name)
            said = (f"{words[0]}的{label[0]}", f"{words[1]}, {label[1]}")
            yield _changed(Group.SOURCE, f"{subject}.{name}", said, (before, after))


# -- tables ----------------------------------------------------------------------------------------

_TABLES: tuple[tuple[str, Group, Pair, tuple[str, ...], str], ...] = (
    ("items", Group.ITEM, ("项目", "item"), ("code",), "name_zh"),
    ("marks", Group.MARK, ("标识", "mark"), ("code",), "text"),
    ("institutions", Group.INSTITUTION, ("机构", "institution"), ("uscc", "start"), "name"),
    ("alliances", Group.INSTITUTION, ("医联体成员", "member of an alliance"), ("alliance", "uscc", "start"), ""),
    ("suspensions", Group.INSTITUTION, ("暂停互认", "suspension"), ("uscc", "item", "start"), ""),
    ("quality", Group.INSTITUTION, ("质量评价", "quality evidence"), ("uscc", "item", "type", "start", "issuer"), ""),
    ("negative", Group.ITEM, ("负面清单项目", "negative item"), ("item", "start"), ""),
    ("exclusions", Group.REFUSAL, ("排除情形", "exclusion"), ("case",), "zh"),
    ("refusal_reasons", Group.REFUSAL, ("不予互认原因", "refusal reason"), ("code",), "zh"),
    ("weaken", Group.REFUSAL, ("医院补充", "overlay row"), ("case", "item", "start"), "reason"),
)


def _rows(
    old: PackContent, new: PackContent, part: str, group: Group, words: Pair, key: tuple[str, ...], name: str
) -> Iterator[Change]:
    before, after = _by_key(getattr(old, part), key), _by_key(getattr(new, part), key)
    for mark, row in after.items():
        subject, said = f"{part}.{'.'.join(mark)}", _row_words(words, mark, getattr(row, name, ""))
        if mark not in before:
            yield _added(group, subject, said)
            continue
        for field, was, is_now in differing(before[mark], row):
            label = field_words(field)
            at = Group.WINDOW if field == "window_days" else Group.SOURCE if field == "clause" else group
            both = (f"{said[0]}的{label[0]}", f"{said[1]}, {label[1]}")
            yield _changed(at, f"{subject}.{field}", both, (was, is_now))
    for mark, row in before.items():
        if mark not in after:
            said = _row_words(words, mark, getattr(row, name, ""))
            yield _added(group, f"{part}.{'.'.join(mark)}", said, gone=True)


def _by_key(rows: Iterable[Any], key: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
    return {tuple(str(getattr(row, name) or "") for name in key): row for row in rows}


def _row_words(words: Pair, mark: tuple[str, ...], name: str) -> Pair:
    code = " ".join(part for part in mark if part)
    return f"{words[0]} {code}{f'（{name}）' if name else ''}", f"{words[1]} {code}{f' ({name})' if name else ''}"


def _documents(old: PackContent, new: PackContent) -> Iterator[Change]:
    before, after = _by_key(old.documents, ("id",)), _by_key(new.documents, ("id",))
    for mark, document in after.items():
        if mark not in before:
            name = document.title
            yield _added(Group.SOURCE, f"documents.{mark[0]}", (f"文件《{name}》", f"document {name}"))
            continue
        for field, was, is_now in differing(before[mark], document, but=("clauses",)):
            label = field_words(field)
            said = (f"文件《{document.title}》的{label[0]}", f"document {document.title}, {label[1]}")
            yield _changed(Group.SOURCE, f"documents.{mark[0]}.{field}", said, (was, is_now))
    for mark, document in before.items():
        if mark not in after:
            said = (f"文件《{document.title}》", f"document {document.title}")
            yield _added(Group.SOURCE, f"documents.{mark[0]}", said, gone=True)
    old_clauses = {clause.id: clause for document in old.documents for clause in document.clauses}
    new_clauses = {clause.id: clause for document in new.documents for clause in document.clauses}
    for code, clause in new_clauses.items():
        if code not in old_clauses:
            yield _added(
                Group.SOURCE, f"clauses.{code}", (f"条款 {code}：{clause.text}", f"clause {code}: {clause.text}")
            )
        elif clause != old_clauses[code]:
            values = (old_clauses[code].text, clause.text)
            yield _changed(Group.SOURCE, f"clauses.{code}", (f"条款 {code}", f"clause {code}"), values)
    for code, clause in old_clauses.items():
        if code not in new_clauses:
            said = (f"条款 {code}：{clause.text}", f"clause {code}: {clause.text}")
            yield _added(Group.SOURCE, f"clauses.{code}", said, gone=True)
