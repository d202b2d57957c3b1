"""Facts of generated cases: a plausible candidate of a pack, of which a few facts are changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from fhir_hr.model.exams import View
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.schema import ItemRow, PackContent
from fhir_hr.rules.tables_of import item_system_of
from fhir_hr.testing.generate_tables import ALLIANCES, INSTITUTIONS, SHARED_SYSTEM, shared_code

__all__ = ["FactMaker"]

_Facts = dict[str, Any]
_Change = Callable[["FactMaker", _Facts, Random], None]

_CHINA = timezone(timedelta(hours=8))
_ZONES = (_CHINA, _CHINA, _CHINA, UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=5, minutes=30)))
_ORDER = datetime(2026, 8, 20, 10, tzinfo=_CHINA)
_SECOND = timedelta(seconds=1)
_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d", "%Y-%m", "%Y")
_DIVISIONS = ("510104", "510703", "500103", "140105", "420102", "420500", "320102", "350428", "110101", "520102")
_ODD_DIVISIONS = (None, "51", "不明", "")
_MARKS = ("chuannei-hr", "chuanyu-hr", "bing-hr", "e-hr", "wuhan-hr", "no-such-hr")
_SPECIMENS = (None, "serum", "plasma", "urine", "venous-blood", "blood-unspecified")
_UNITS = (None, "U/L", "u/l", " U / L", "IU/mL")
_METHODS = (None, "速率法", "速 率 法", "化学发光法", " ")
_STATED = ("name", "patient_name", "specimen_text", "specimen", "method", "value", "unit", "reference", "device_model")
_TRI = (True, False, None)
_GRADES = (None, "特", "甲", "乙", "丙")
_TYPES = (None, "hospital", "independent-laboratory", "imaging-centre", "primary-care")
_FEW = (0, 0, 1, 1, 1, 2, 2, 3, 5, 9)


class FactMaker:
    """Makes facts for the cases of one pack.

    Args:
        content: the pack.
    """

    def __init__(self, content: PackContent) -> None:
        self.system = item_system_of(content)
        self.rows: tuple[ItemRow, ...] = content.items
        codes = [row.code for row in content.items] or [f"{content.pack}-{n:02}" for n in range(1, 4)]
        self.codes = tuple(codes)
        self.kinds = tuple(kind.value for kind in content.kinds)
        self.marks = (*(mark.code for mark in content.marks), *_MARKS)
        self.cases = (*(case.case for case in content.exclusions), "99")
        self.home = tuple(division for code in content.applies.divisions for division in _inside(code)) or _DIVISIONS
        self.limits = tuple(sorted(_limits(content))) or (30,)
        self.edges = tuple(_edges(content))

    def make(self, chance: Random) -> _Facts:
        """Make the facts of one case."""
        facts = self._plain(chance)
        for change in chance.choices(_CHANGES, k=chance.choice(_FEW)):
            change(self, facts, chance)
        return facts

    def code(self, code: str) -> str:
        """Return an item code with its system."""
        return f"{self.system}|{code}"

    def _plain(self, chance: Random) -> _Facts:
        kind, code = chance.choice(self.kinds), chance.choice(self.codes)
        home = chance.choice(self.home)
        facts: _Facts = {
            "identity": "same",
            "order.at": _text(_ORDER),
            "order.institution": INSTITUTIONS[1],
            "order.division": home,
            "order.kind": kind,
            "order.item": self.code(code),
            "prior.institution": INSTITUTIONS[0],
            "prior.division": chance.choice(self.home),
            "prior.kind": kind,
            "prior.item": self.code(code),
            "prior.name": "项目",
            "prior.patient_name": "测试甲",
            "prior.status": "final",
            "prior.report_status": "final",
            "prior.superseded": False,
            "prior.performed": "2026-08-10T08:00:00+08:00",
            "prior.reported": "2026-08-10T11:00:00+08:00",
            "prior.specimen_text": "血清",
            "prior.method": "速率法",
            "prior.value": "35",
            "prior.unit": "U/L",
            "prior.reference": "9-50",
            "prior.device_model": "型号一",
            "prior.has_report": True,
            "prior.has_images": True,
            "prior.series_complete": True,
            "prior.mark": chance.choice(self.marks[: max(1, len(self.marks) - len(_MARKS))]),
            "prior.mark_known": True,
            "prior.item_mark_known": True,
            "prior.starred": True,
            "order.tier": 3,
            "prior.tier": 3,
            "order.grade": "甲",
            "prior.grade": "甲",
            "order.ownership": "public",
            "prior.ownership": "public",
        }
        if kind == "laboratory":
            facts["prior.specimen"] = self._specimen(code)
        return facts

    def _specimen(self, code: str) -> str:
        for row in self.rows:
            if row.code == code and row.specimens:
                return row.specimens[0]
        return "serum"


def _inside(division: str) -> tuple[str, ...]:
    prefix = division.rstrip("0") if division != "000000" else ""
    prefix = prefix if len(prefix) % 2 == 0 else f"{prefix}0"
    return tuple(code for code in _DIVISIONS if code.startswith(prefix)) or (division,)


def _limits(content: PackContent) -> set[int]:
    found = {row.window_days for row in content.items if row.window_days is not None}
    for spec in content.checks:
        if isinstance(spec, WindowSpec) and spec.max_days is not None:
            found.add(spec.max_days)
    return found


def _edges(content: PackContent) -> list[datetime]:
    """Return the edges of the text's own period, as moments in its zone."""
    found = []
    for day in (content.effective.start, content.effective.end):
        if day is not None:
            full = f"{day}-01-01"[:10] if len(day) == 4 else f"{day}-01"[:10]
            found.append(datetime.fromisoformat(f"{full}T00:00:00{content.effective.zone}"))
    return found


def _text(at: datetime, form: str = _FORMS[0], zone: timezone = _CHINA) -> str:
    local = at.astimezone(zone)
    text = local.strftime(form)
    if "T" not in form:
        return text
    offset = local.strftime("%z")
    return f"{text}{offset[:3]}:{offset[3:]}"


def _written(at: datetime, chance: Random) -> str:
    """Write a moment in some zone, mostly to the second."""
    form = _FORMS[0] if chance.random() < 0.75 else chance.choice(_FORMS)
    text = _text(at, form, chance.choice(_ZONES) if "T" in form else _CHINA)
    if form == _FORMS[0] and chance.random() < 0.05:
        return f"{text[:-6]}.500000{text[-6:]}"
    return text


def _near(chance: Random) -> timedelta:
    return chance.choice((-_SECOND, timedelta(0), _SECOND, -timedelta(hours=1), timedelta(hours=1)))


def _read(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)) if "T" in str(text) else _ORDER
    except ValueError:
        return _ORDER


def _change_order_time(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    at = chance.choice((_ORDER, *maker.edges)) + _near(chance)
    if chance.random() < 0.3:
        at = at.replace(hour=0, minute=0, second=0) + _near(chance)
    facts["order.at"] = "2026-02-30" if chance.random() < 0.02 else _written(at, chance)


def _change_times(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    """Put the prior near an edge: of the order, of a limit counted either way, of a day, or far back."""
    order = _read(facts["order.at"])
    if order.tzinfo is None:
        order = _ORDER
    days = timedelta(days=chance.choice(maker.limits))
    midnight = order.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    at = chance.choice(
        (
            order,
            order - days,
            midnight - days,
            midnight - days + timedelta(days=1),
            datetime(2026, 8, 10, tzinfo=_CHINA),
            datetime(2026, 8, 20, tzinfo=_CHINA),
            order - timedelta(days=chance.randint(0, 400), seconds=chance.randint(0, 86_399)),
        )
    )
    facts["prior.performed"] = _written(at + _near(chance), chance)
    later = at + chance.choice((timedelta(0), timedelta(hours=3), timedelta(days=2)))
    facts["prior.reported"] = _written(later + _near(chance), chance)


def _change_unknown_time(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts[chance.choice(("prior.performed", "prior.reported"))] = chance.choice(
        (None, "2026-02-30", "2026-13-01T08:00:00+08:00", "2026", "2026-08", "2026-08-20")
    )


def _change_person(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["identity"] = chance.choice(("different", "unknown"))


def _change_state(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["prior.status"] = chance.choice(tuple(ResultStatus)).value
    facts["prior.report_status"] = chance.choice(tuple(ReportStatus)).value
    facts["prior.superseded"] = chance.choice(_TRI)


def _change_item(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    other = maker.code(chance.choice(maker.codes))
    choices = (None, other, maker.code("no-such"), "urn:other|1", "|1", facts["prior.item"])
    facts[chance.choice(("order.item", "prior.item"))] = chance.choice(choices)


def _change_broader(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    """Order an item that the prior's may include."""
    wide = [row for row in maker.rows if row.includes]
    if wide:
        row = chance.choice(wide)
        ordered, prior = chance.choice(row.includes), row.code
    else:
        n = chance.randrange(len(maker.codes))
        ordered, prior = maker.codes[n - 1], maker.codes[n]
    facts["order.item"], facts["prior.item"] = maker.code(ordered), maker.code(prior)


def _change_shared(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    """Order and find an item that several packs may list."""
    facts["order.item"] = facts["prior.item"] = f"{SHARED_SYSTEM}|{shared_code(chance.randint(1, 3))}"


def _change_unmapped(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["order.item"] = facts["prior.item"] = None
    codings: tuple[list[str], ...] = (["urn:a|1"], ["urn:a|2", "urn:a|1"], ["|1"], [])
    facts["order.codings"], facts["prior.codings"] = chance.choice(codings), chance.choice(codings)


def _change_kind(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts[chance.choice(("order.kind", "prior.kind"))] = chance.choice(("laboratory", "imaging", "other"))


def _change_exam(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    for side in ("order", "prior"):
        if chance.random() < 0.7:
            facts[f"{side}.exam"] = _exam(chance)


def _exam(chance: Random) -> _Facts:
    views = [view.value for view in View]
    return {
        "modality": chance.choice((None, "CT", "DR", "MR", "US")),
        "body_part": chance.choice((None, "chest", "knee", "brain")),
        "side": chance.choice((None, "left", "right", "both")),
        "views": chance.choice((None, views[:1], [views[2], views[0]], [views[0], views[2]])),
        "contrast": chance.choice((None, "plain", "enhanced", "plain-and-enhanced")),
    }


def _change_specimen(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["order.specimen"], facts["prior.specimen"] = chance.choice(_SPECIMENS), chance.choice(_SPECIMENS)
    facts["order.scale"] = chance.choice((None, "quantitative", "qualitative"))
    facts["prior.scale"] = chance.choice((None, "quantitative", "qualitative"))


def _change_place(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["prior.institution"] = chance.choice((*INSTITUTIONS, ""))
    facts["order.institution"] = chance.choice(INSTITUTIONS)
    for side in ("order", "prior"):
        if chance.random() < 0.5:
            facts[f"{side}.division"] = chance.choice((*_DIVISIONS, *_ODD_DIVISIONS))
        facts[f"{side}.encounter"] = chance.choice((None, "visit-1", "visit-2"))


def _change_standing(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    for side in ("order", "prior"):
        facts[f"{side}.tier"] = chance.choice((None, 0, 1, 2, 3))
        facts[f"{side}.grade"] = chance.choice(_GRADES)
        facts[f"{side}.ownership"] = chance.choice((None, "public", "private"))
        facts[f"{side}.type"] = chance.choice(_TYPES)
        facts[f"{side}.alliances"] = chance.choice((None, [], [ALLIANCES[0]], list(ALLIANCES)))


def _change_mark(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    for key in ("mark", "item_mark"):
        facts[f"prior.{key}"] = chance.choice((None, *maker.marks))
        facts[f"prior.{key}_known"] = chance.choice((True, False))
    facts["prior.starred"] = chance.choice(_TRI)


def _change_evidence(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    """Add evidence whose period begins or ends around the time performed."""
    performed = _read(facts.get("prior.performed"))
    at = performed if performed.tzinfo is not None else _ORDER
    rows = []
    for _ in range(chance.randint(0, 3)):
        row: _Facts = {
            "type": chance.choice(("eqa", "iqc", "assessment")),
            "result": chance.choice(("passed", "passed", "failed", "not-assessed")),
            "from": chance.choice((None, "2026-01-01", "2026-13-40", _written(at + _near(chance), chance))),
            "to": chance.choice((None, "2026-12-31", _written(at + _near(chance), chance))),
        }
        if chance.random() < 0.3:
            row["item"] = chance.choice(maker.codes)
        if chance.random() < 0.3:
            row["institution"] = chance.choice(INSTITUTIONS)
        rows.append(row)
    facts["prior.evidence"] = rows


def _change_complete(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    stated = (
        "name",
        "patient_name",
        "specimen_text",
        "specimen",
        "method",
        "value",
        "unit",
        "reference",
        "device_model",
    )
    for name in chance.sample(stated, chance.randint(1, 3)):
        facts[f"prior.{name}"] = chance.choice((None, "", " ")) if name != "specimen" else None
    for name in ("has_report", "has_images", "series_complete"):
        if chance.random() < 0.4:
            facts[f"prior.{name}"] = chance.choice(_TRI)


def _change_comparable(_maker: FactMaker, facts: _Facts, chance: Random) -> None:
    facts["order.unit"], facts["prior.unit"] = chance.choice(_UNITS), chance.choice(_UNITS)
    facts["order.method"], facts["prior.method"] = chance.choice(_METHODS), chance.choice(_METHODS)
    intervals = (None, "9-50", "9 - 50", "9－50", "7-40")
    facts["order.reference"], facts["prior.reference"] = chance.choice(intervals), chance.choice(intervals)


def _change_claims(maker: FactMaker, facts: _Facts, chance: Random) -> None:
    claims = []
    for _ in range(chance.randint(1, 2)):
        claim = {"case": chance.choice(maker.cases)}
        if chance.random() < 0.5:
            claim["item"] = chance.choice(("1", "2"))
        claims.append(claim)
    facts["order.exclusions"] = claims


_CHANGES: tuple[_Change, ...] = (
    _change_times,
    _change_times,
    _change_times,
    _change_order_time,
    _change_order_time,
    _change_unknown_time,
    _change_person,
    _change_state,
    _change_item,
    _change_broader,
    _change_shared,
    _change_shared,
    _change_unmapped,
    _change_kind,
    _change_exam,
    _change_specimen,
    _change_place,
    _change_standing,
    _change_standing,
    _change_mark,
    _change_evidence,
    _change_evidence,
    _change_complete,
    _change_comparable,
    _change_claims,
)
