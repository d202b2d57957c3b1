"""A second evaluator of rule packs, written from the vocabulary page alone; it shares no code with the library.

:func:`judge` answers one request under compiled packs. Run as a program, it speaks the protocol of the conformance kit.
Times are spans of whole microseconds, both ends included; truths are true, false or ``None`` (unknown).
"""

import csv
import json
import os
import re
import sys
import unicodedata
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Truth = bool | None
Span = tuple[int, int]
Said = str | list[str]  # findings: code, effect or the parameter that has it, then what is missing (else by the table)

SECOND, DAY, HOME = 1_000_000, 86_400_000_000, "+08:00"
TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?([+-]\d\d:\d\d|Z))?)?)?", re.ASCII
)
STAGES = "pack person state item place mark quality completeness window clinical duty".split()
LEVELS = "alliance county city province region nation".split()
STRENGTH = {"note": 1, "oblige": 2, "discretion": 3, "unknown": 4, "block": 5}
FACTS = {"kind": "laboratory", "status": "unknown", "report_status": "unknown"}  # every other fact is null by default
STATED = {"patient-name": "patient_name", "item": "name", "method": "method", "reference-interval": "reference"}
STATED |= {"device-model": "device_model"}
FLAGS = {"report": "has_report", "images": "has_images", "series": "series_complete"}
LACKS = {"method": "HR-METHOD-MISSING", "reference-interval": "HR-INTERVAL-MISSING", "scale": "HR-SCALE-MISSING"}
with (Path(__file__).parents[2] / "profiles/rules/reason-codes.csv").open(encoding="utf-8", newline="") as lines:
    CODES = {row["code"]: (STAGES.index(row["stage"]), set(row["facts"].split("|")) - {""}) for row in csv.DictReader(lines)}


def shift(offset: str) -> int:
    """Return how far the clocks of an offset are ahead, in microseconds."""
    ahead = time(int(offset[1:3]), int(offset[4:6])) if offset != "Z" else time()  # refuses what no clock shows
    return (-1 if offset[0] == "-" else 1) * (ahead.hour * 60 + ahead.minute) * 60 * SECOND


@lru_cache(maxsize=100_000)
def span(text: str | None, zone: str = HOME) -> Span | None:
    """Return the first and the last moment that a time may mean; None if it is unknown."""
    found = TIME.fullmatch(text or "")
    if not found:
        return None
    y, mo, d, h, mi, s, fraction, offset = found.groups()
    try:
        first = date(int(y), int(mo or 1), int(d or 1))
        last = date(first.year, int(mo or 12), int(d) if d else monthrange(first.year, int(mo or 12))[1])
        clock = time(int(h or 0), int(mi or 0), int(s or 0), int((fraction or "").ljust(6, "0")))
        ahead = shift(offset or zone)
    except ValueError:
        return None
    into = ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND + clock.microsecond - ahead
    width = 1 if s else 60 * SECOND if mi else 3600 * SECOND if h else DAY
    return first.toordinal() * DAY + into, last.toordinal() * DAY + into + width - 1


def within(start: str | None, end: str | None, at: Span | None, zone: str) -> Truth:
    """Say whether a time lies in a period whose bounds are stated or open."""
    low, high = span(start, zone), span(end, zone)
    if not start and not end:
        return True
    if at is None or (start and not low) or (end and not high):
        return None
    if (not low or at[0] >= low[0]) and (not high or at[1] <= high[1]):
        return True
    return False if (low and at[1] < low[0]) or (high and at[0] > high[1]) else None


def some(truths: Iterable[Truth]) -> Truth:
    """Any of several truths."""
    return True if True in (found := set(truths)) else None if None in found else False


def every(truths: Iterable[Truth]) -> Truth:
    """All of several truths."""
    return False if False in (found := set(truths)) else None if None in found else True


def lies(division: str | None, areas: list[str]) -> Truth:
    """Say whether a division lies in one of the areas."""
    if "000000" in areas:
        return True
    if not re.fullmatch("[0-9]{6}", division or ""):
        return None
    return any(str(division).startswith(re.sub("(0000|00)$", "", area)) for area in areas)


def bare(text: str | None) -> str:
    """Return a text as it is compared."""
    return "".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def reaches(tier: int | None, grade: str | None, line: Json, sign: int) -> Truth:
    """Say whether a level is at least (sign 1) or at most (-1) at a line."""
    if tier is None or tier != line["tier"]:
        return None if tier is None else (tier - line["tier"]) * sign > 0
    rank = "丙乙甲特".index
    return True if not line["grade"] else None if not grade else (rank(grade) - rank(line["grade"])) * sign >= 0


class Candidate:
    """One ordered item beside one prior under one pack. Every check is a method with the name of the check."""

    def __init__(self, pack: Json, facts: Json, system: str) -> None:
        self.pack, self.zone, self.identity_of = pack, pack["effective"]["zone"], facts.get("identity", "same")
        known = [(name.partition("."), value) for name, value in facts.items() if value not in ("", None)]
        self.order: Json = defaultdict(lambda: None, FACTS | {name[2]: v for name, v in known if name[0] == "order"})
        self.prior: Json = defaultdict(lambda: None, FACTS | {name[2]: v for name, v in known if name[0] == "prior"})
        self.at, self.performed = span(self.order["at"]), span(self.prior["performed"])
        self.reported = span(self.prior["reported"])
        self.ordered, self.item = (
            (text if "|" in text else f"{system}|{text}").split("|", 1) if (text := side["item"]) else None
            for side in (self.order, self.prior)
        )
        self.order_code, self.code = (i[1] if i and i[0] == pack["item_system"] else None for i in (self.ordered, self.item))
        rows = {row["code"]: row for row in reversed(pack["items"])}
        self.order_row, self.row = rows.get(self.order_code), rows.get(self.code)
        self.includes = self.row["includes"] if self.row else []

    def during(self, row: Json, at: Span | None) -> Truth:
        return within(row["start"], row["end"], at, self.zone)

    def applies(self) -> Truth:
        start, end = span(self.pack["effective"]["from"], self.zone), self.pack["effective"]["to"]
        begun = True if not start else None
        if start and self.at:
            sure = start[0] if len(self.pack["effective"]["from"]) == 10 else start[1]
            begun = True if self.at[0] >= sure else False if self.at[1] < start[0] else None
        lasts = None if end and not self.at else within(None, end, self.at, self.zone) is not False
        where = lies(self.order["division"], self.pack["applies"]["divisions"])
        return every([self.order["kind"] in self.pack["kinds"], where, begun, lasts])

    def rows_of(self, table: str, side: Json) -> list[tuple[Json, Truth]]:
        """Rows of a party, each with whether it is in force at the party's time."""
        at = self.at if side is self.order else self.performed
        return [(r, self.during(r, at)) for r in self.pack[table] if side["institution"] and r["uscc"] == side["institution"]]

    def evidence(self, kind: str, side: Json) -> set[tuple[str, Truth]]:
        """Results of a party's evidence, each with whether it is in force at the party's time."""
        at, rows = self.at if side is self.order else self.performed, self.rows_of("quality", side)
        for row in self.prior["evidence"] or ():
            if (row.get("institution") or self.prior["institution"]) == side["institution"]:
                rows.append((row, within(row.get("from"), row.get("to"), at, HOME)))
        items = (None, "", self.item[1] if self.item else None)
        return {(row["result"], force) for row, force in rows if row["type"] == kind and row.get("item") in items}

    def limit(self) -> int | None:
        own = self.row["window_days"] if self.row else None
        return next((k["max_days"] if own is None else own for k in self.pack["checks"] if k["check"] == "window"), None)

    def identity(self, k: Json) -> Said:
        disproved, unproven = "HR-IDENTITY-MISMATCH on_mismatch", "HR-IDENTITY-UNPROVEN on_unknown"
        return {"same": "", "different": disproved, "unknown": unproven}[self.identity_of]

    def finality(self, k: Json) -> Said:
        told = ((self.prior["status"], k["item_statuses"]), (self.prior["report_status"], k["report_statuses"]))
        off = {status for status, good in told if status not in good}
        return "" if not off else "HR-STATUS-UNKNOWN on_unknown" if off == {"unknown"} else "HR-NOT-FINAL on_fail"

    def superseded(self, k: Json) -> Said:
        replaced = self.prior["superseded"]
        return "HR-SUPERSEDED on_fail" if replaced else "HR-SUPERSEDED-UNKNOWN on_unknown" if replaced is None else ""

    def time_order(self, k: Json) -> Said:
        known = [when for when in (self.performed, self.reported) if when]
        if self.at and any(when[0] > self.at[1] for when in known):
            return "HR-FUTURE on_fail"
        before = self.at and self.performed and any(when[1] <= self.at[0] for when in known)
        return "" if before else "HR-TIME-UNKNOWN on_unknown"

    def item_fit(self, k: Json) -> Said:
        want, have = self.order["exam"] or {}, self.prior["exam"] or {}
        if self.order["kind"] != self.prior["kind"]:
            return "HR-ITEM-MISMATCH on_mismatch"
        if self.ordered and self.item:
            broader = k["on_broader"] and self.ordered[0] == self.item[0] and self.ordered[1] in self.includes
            wider = "HR-ITEM-BROADER on_broader" if broader else "HR-ITEM-MISMATCH on_mismatch"
            return "" if self.ordered == self.item else wider
        shared = any(c.find("|") > 0 for c in {*(self.order["codings"] or ())} & {*(self.prior["codings"] or ())})
        alike = all(want.get(part) and want.get(part) == have.get(part) for part in ("modality", "body_part"))
        return "" if not self.ordered and not self.item and (shared or alike) else "HR-ITEM-UNMAPPED on_unknown"

    def exam_fit(self, k: Json) -> Said:
        found = set()
        for aspect in k["aspects"]:
            sources = (self.order["exam"], self.order_row, self.prior["exam"], self.row)
            values = [(source or {}).get(aspect.replace("-", "_")) for source in sources]
            ordered, row, said, listed = (frozenset(v) if isinstance(v, list) and v else v or None for v in values)
            want, have = ordered or row, said or listed
            if aspect == "contrast" and self.order_row and self.order_code in self.includes:
                want = None
            if want and not have:
                found.add("HR-EXAM-UNKNOWN on_unknown")
            elif (want and want != have) or (said and listed and said != listed):
                found.add("HR-EXAM-MISMATCH on_mismatch")
        return sorted(found)

    def specimen_fit(self, k: Json) -> Said:
        have, want, kinds = self.prior["specimen"], self.order["specimen"], self.row["specimens"] if self.row else []
        if not have:
            return "HR-SPECIMEN-UNKNOWN on_unknown" if want or kinds else ""
        if want and want != have and not {want, have} <= {*kinds}:
            return "HR-SPECIMEN-MISMATCH on_mismatch"
        unfit = "HR-ITEM-UNLISTED on_other" if want == have else "HR-SPECIMEN-MISMATCH on_mismatch"
        return unfit if kinds and have not in kinds else ""

    def scale_fit(self, k: Json) -> Said:
        want, have = self.order["scale"], self.prior["scale"]
        if not want or want == have:
            return ""
        return f"HR-SCALE-MISMATCH on_{'finer' if want == 'qualitative' else 'mismatch'}" if have else "HR-SCALE-UNKNOWN on_unknown"

    def listed(self, k: Json) -> Said:
        state = self.pack["list_state"]
        if not self.item:
            return "HR-LIST-OPEN on_open" if state == "absent" else "HR-ITEM-UNMAPPED on_unknown"
        held = self.during(self.row, self.performed) if self.row else False
        if self.row and held is not False:
            return "" if held else "HR-TIME-UNKNOWN on_unknown"
        return "HR-ITEM-UNLISTED on_unlisted" if self.row or state == "complete" else "HR-LIST-OPEN on_open"

    def own_hospital(self, k: Json) -> Said:
        visit = self.prior["encounter"] and self.prior["encounter"] == self.order["encounter"] and k["on_same_encounter"]
        own = "HR-SAME-ENCOUNTER on_same_encounter" if visit else "HR-OWN-HOSPITAL on_same"
        return own if self.prior["institution"] and self.prior["institution"] == self.order["institution"] else ""

    def institution(self, k: Json) -> Said:
        rows = [(r, force) for r, force in self.rows_of("suspensions", self.prior) if r["item"] in (None, self.code) or not self.item]
        suspended = some(None if force and r["item"] and not self.item else force for r, force in rows)
        listings = [force for _, force in self.rows_of("institutions", self.prior)]
        if suspended:
            return "HR-INSTITUTION-SUSPENDED on_suspended"
        if not listings and self.pack["institutions_state"] != "complete":
            return "HR-INSTITUTION-LIST-OPEN on_open" if suspended is False else "HR-INSTITUTION-UNKNOWN on_unknown"
        if some(listings) is False:
            return "HR-INSTITUTION-UNLISTED on_unlisted"
        unsure = some(listings) is None or suspended is None
        return "HR-INSTITUTION-UNKNOWN on_unknown" if unsure else "HR-INSTITUTION-LISTED on_listed"

    def direction(self, k: Json) -> Said:
        issuer, receiver = self.party(self.prior), self.party(self.order)
        for case in k["cases"]:
            asked = [*self.described(issuer, case["issuer"]), *self.described(receiver, case["receiver"])]
            if case["same_tier"]:
                asked.append(None if None in (issuer["tier"], receiver["tier"]) else issuer["tier"] == receiver["tier"])
            if case["same_alliance"]:
                asked.append(self.allied())
            if every(asked) is None:
                return "HR-DIR-UNKNOWN on_unknown"
            if every(asked):
                effect = case["then"]["effect"]
                return f"HR-DIR-{'MET' if effect in ('oblige', 'note') else 'NOT-OBLIGED'} {effect}"
        return "HR-DIR-NOT-OBLIGED otherwise"

    def party(self, side: Json) -> Json:
        """What is known of a party: its level and whether it is assessed."""
        rows = self.rows_of("institutions", side)
        row: Json | None = next((r for r, force in rows if force), None)
        unsure: Json = next((r for r, force in rows if force is None and not row), {})
        facts: Json = {}
        for fact in ("tier", "grade", "ownership", "type"):
            own = row[fact] if row else None
            facts[fact] = own if own is not None else side[fact] if unsure.get(fact) is None else None
        found, since = self.evidence("assessment", side), row["assessed_from"] if row else None
        since = within(since, None, self.at if side is self.order else self.performed, self.zone) if since else False
        answers = ((("failed", True), False), (("failed", None), None), (("passed", True), True), (since, True))
        answers += ((("passed", None), None), (("not-assessed", True), False))
        last = since if row else None
        facts["assessed"] = next((told for sign, told in answers if sign is True or sign in found), last)
        return facts

    def described(self, party: Json, words: Json) -> Iterator[Truth]:
        for fact, wanted in (("tier", words["tiers"]), ("type", words["types"])):
            if wanted:
                yield None if party[fact] is None else party[fact] in wanted
        for fact in ("ownership", "assessed"):
            if words[fact] is not None:
                yield None if party[fact] is None else party[fact] == words[fact]
        for line, sign in ((words["at_least"], 1), (words["at_most"], -1)):
            if line:
                yield reaches(party["tier"], party["grade"], line, sign)

    def allied(self) -> Truth:
        rows = [self.rows_of("alliances", side) for side in (self.prior, self.order)]
        stated = [self.prior["alliances"], self.order["alliances"]]
        sure = [{r["alliance"] for r, force in rs if force} | {*(told or ())} for rs, told in zip(rows, stated, strict=True)]
        perhaps = [{r["alliance"] for r, force in rs if force is not False} | s for rs, s in zip(rows, sure, strict=True)]
        known = all(told is not None or any(force for _, force in rs) for rs, told in zip(rows, stated, strict=True))
        return True if sure[0] & sure[1] else None if perhaps[0] & perhaps[1] or not known else False

    def negative_list(self, k: Json) -> Said:
        listed = some(self.during(row, self.at) for row in self.pack["negative"] if row["item"] == self.code)
        return "HR-NEGATIVE-LIST on_listed" if listed else "HR-NEGATIVE-UNKNOWN on_unknown" if listed is None else ""

    def mark(self, k: Json) -> Said:
        looked = ["mark"] * (k["level"] != "item") + ["item_mark"] * (k["level"] != "report")
        covers = {mark["code"]: mark["covers"] for mark in self.pack["marks"]}
        there = [covers.get(self.prior[name], []) for name in looked if self.prior[name]]
        places = self.prior["division"], self.order["division"]
        if not there:
            unread = "HR-MARK-UNKNOWN on_unknown " + " ".join("report_mark" if name == "mark" else name for name in looked)
            return "HR-MARK-ABSENT on_absent" if all(self.prior[f"{name}_known"] for name in looked) else unread
        valid = some(every(lies(place, areas) for place in places) if areas else False for areas in there)
        if valid is None:
            whose = "receiver" if re.fullmatch("[0-9]{6}", places[0] or "") else "institution"
            return f"HR-MARK-UNKNOWN on_unknown {whose}.division"
        duty = k["on_valid"] and k["on_valid"]["effect"] == "oblige"
        return f"{'HR-OBLIGED' if duty else 'HR-MARK-VALID'} on_valid" if valid else "HR-MARK-OUTSIDE on_outside"

    def item_symbol(self, k: Json) -> Said:
        absent = "HR-ITEM-SYMBOL-UNKNOWN on_unknown" if self.prior["starred"] is None else "HR-ITEM-SYMBOL-ABSENT on_absent"
        return absent if self.prior["mark"] and not self.prior["starred"] else ""

    def quality(self, k: Json) -> Said:
        found, name = self.evidence(k["evidence"], self.prior), f"HR-{k['evidence'].upper()}-"
        answers = (("failed", True), "FAIL on_fail"), (("failed", None), "UNKNOWN on_unclear"), (("passed", True), "")
        answers += ((("not-assessed", True), "ABSENT on_not_assessed"),)
        said = next((told for sign, told in answers if sign in found), "UNKNOWN on_unknown")
        return name + said if said else ""

    def states(self, field: str) -> Truth:
        if field in STATED:
            return bool((self.prior[STATED[field]] or "").strip())
        value = self.prior[FLAGS.get(field, field)]
        return value if field in FLAGS else bool(value or (field == "specimen" and self.prior["specimen_text"]))

    def complete(self, k: Json) -> Said:
        fields = {field: self.states(field) for field in k["fields"]}
        missing = [field for field, there in fields.items() if there is False]
        others = [field for field in missing if field not in LACKS]
        unknown = [field for field, there in fields.items() if there is None]
        said = [f"{LACKS[field]} on_missing" for field in missing if field in LACKS]
        said += [f"HR-INCOMPLETE on_missing {' '.join(others)}"] if others else []
        return said + ([f"HR-COMPLETE-UNKNOWN on_unknown {' '.join(unknown)}"] if unknown else [])

    def special(self, k: Json) -> Said:
        return self.complete({"fields": self.row["require"] if self.row else []})

    def comparability(self, k: Json) -> Said:
        found = set()
        for aspect in k["aspects"]:
            want, have = (bare(side[aspect.replace("-interval", "")]) for side in (self.order, self.prior))
            if want and want != have:
                found.add("HR-NOT-COMPARABLE on_differ" if have else "HR-COMPARABLE-UNKNOWN on_unknown")
        return sorted(found)

    def readings(self, k: Json) -> list[tuple[str, str, bool]]:
        anchors = ["performed", "reported"] if k["anchor"] == "unstated" else [k["anchor"]]
        counts = ["elapsed", "calendar"] if k["count"] == "unstated" else [k["count"]]
        return list(product(anchors, counts, [True, False] if k["inclusive"] is None else [k["inclusive"]]))

    def window(self, k: Json) -> Said:
        days = self.limit()
        if days is None:
            return f"HR-WINDOW-{'NONE' if k['limit_known'] else 'LIMIT-UNKNOWN'} on_none"
        answers: list[tuple[str, Truth]] = []
        for anchor, count, inclusive in self.readings(k):
            since, at, longest = getattr(self, anchor), self.at, days * DAY
            if since and at and count == "calendar":
                since, at = (((t[0] + shift(k["zone"])) // DAY, (t[1] + shift(k["zone"])) // DAY) for t in (since, at))
                longest = days
            inside: Truth = None
            if since and at:
                over, least = at[1] - since[0] - longest, at[0] - since[1] - longest
                dates = (*since, *at) if count == "calendar" else (1,)
                inside = None if min(dates) < 1 or max(dates) > 3_652_059 else True if over < inclusive else False if least >= inclusive else None
            answers.append((anchor, inside))
        found = {inside for _, inside in answers}
        if None in found:
            return " ".join(["HR-WINDOW-UNKNOWN on_unknown", *(anchor for anchor, inside in answers if inside is None)])
        return "" if found == {True} else "HR-WINDOW-EXPIRED on_expired" if found == {False} else "HR-WINDOW-UNCLEAR on_unclear"

    def exclusion(self, k: Json) -> Said:
        claims = {c["case"] for c in self.order["exclusions"] or () if (c.get("item") or "1") == "1"}
        listed = {row["case"] for row in self.pack["exclusions"]}
        said = ["HR-EXCLUSION on_claim"] if claims & listed else []
        return said + (["HR-EXCLUSION-UNKNOWN on_unknown"] if claims - listed else [])

    def weakened(self) -> list[Json]:
        """Rows of an overlay that match receiver and ordered item."""
        if not self.order["institution"] or self.order["institution"] not in [o["institution"] for o in self.pack["overlays"]]:
            return []
        return [row for row in self.pack["weaken"] if row["item"] in (None, self.order_code)]

    def findings(self, left: Iterable[str], fresh: str | None) -> Iterator[tuple[str, str, str, set[str]]]:
        """Ask every check that is not left to others: kind, code, effect and missing facts of what is found."""
        for k in self.pack["checks"]:
            said = "" if k["check"] in left else getattr(self, k["check"])(k)
            for words in [said] if isinstance(said, str) else said:
                code, on, *missing = words.split() or ("", "")
                effect = on if on in STRENGTH else (k.get(on) or {}).get("effect")
                if effect:
                    yield k["check"], code, effect, set(missing) or CODES[code][1]
        if any(self.during(row, self.at) is not False for row in self.weakened()):
            yield "overlay", "HR-OVERLAY", "discretion", set()
        if self.applies() is None:
            yield "", "HR-PACK-UNKNOWN", self.pack["applies"]["on_unknown"]["effect"], CODES["HR-PACK-UNKNOWN"][1]
        if fresh and self.at and self.at[1] > span(fresh)[1]:  # type: ignore[index]
            yield "", "HR-PACK-STALE", "note", set()

    def moments(self, left: Iterable[str], fresh: str | None) -> Iterator[tuple[int, bool]]:
        """Moments from which on time alone may change the answer, each with whether the old one still holds then."""
        rows = [row for row in self.pack["negative"] if row["item"] == self.code] + self.weakened()
        ends = [span(end, self.zone) for end in (self.pack["effective"]["to"], *(row["end"] for row in rows))]
        yield from ((end[1], True) for end in (*ends, span(fresh)) if end)
        yield from ((start[0], False) for row in rows if (start := span(row["start"], self.zone)))
        for k in self.pack["checks"]:
            days = None if "window" in left else self.limit() if k["check"] == "window" else None
            for anchor, count, inclusive in self.readings(k) if days is not None else ():
                for moment in getattr(self, anchor) or ():
                    if count == "elapsed":
                        yield moment + days * DAY, inclusive
                    else:
                        ahead = shift(k["zone"])
                        yield ((moment + ahead) // DAY + days + inclusive) * DAY - ahead, False


def settled(effects: set[str], duty: bool) -> str:
    """Return the outcome of a union of effects."""
    weak = "not" if "block" in effects else "indeterminate" if "unknown" in effects else ""
    return weak or ("must" if duty else "may")


def judge(packs: Mapping[str, Json], request: Json) -> Json:
    """Answer a request under compiled packs, given by id."""
    facts, fresh = request["facts"], request.get("fresh_until") or {}
    first = packs[request["packs"][0]]["item_system"] or f"https://fhir-hr.example/fhir/CodeSystem/recognised-item-{request['packs'][0]}"
    tables = request.get("tables") or {}
    all_ = [Candidate(packs[name] | tables.get(name, {}), facts, first) for name in sorted(set(request["packs"]))]
    asked = [candidate for candidate in all_ if candidate.applies() is not False]
    if not asked:
        none = {"code": "HR-PACK-NONE", "effect": "unknown", "pack": ""}
        return {"outcome": "indeterminate", "force": None, "reasons": [none], "missing": [], "expires": None}
    found, left, own = [], [], []
    for c in asked:
        narrower = [o for o in asked if o.applies() and LEVELS.index(o.pack["level"]) < LEVELS.index(c.pack["level"])]
        kinds = {kind: [o for o in narrower if kind in {k["check"] for k in o.pack["checks"]}] for kind in c.pack["delegates"]}
        left.append({kind: others for kind, others in kinds.items() if others})
        found.append(list(c.findings(left[-1], fresh.get(c.pack["pack"]))))
    reasons, missing, sure, limits, opinions, blocked = [], set(), set(), set(), set(), []
    for c, mine, kinds in zip(asked, found, left, strict=True):
        said = {}
        for finding in mine:
            if finding[1] not in said or STRENGTH[finding[2]] > STRENGTH[said[finding[1]][2]]:
                said[finding[1]] = finding
        taken = {f[2] for o, theirs in zip(asked, found, strict=True) for f in theirs if o in kinds.get(f[0], ())}
        effects = {f[2] for f in said.values()}
        sure |= {effect for effect in effects if effect != "block" or c.applies()}
        if "block" in effects and not c.applies():
            sure.add("unknown")
        blocked.append("block" in effects)
        both = effects | taken & {"block", "unknown", "discretion"}
        own.append((settled(both, "oblige" in both and "discretion" not in both), c))
        if effects - {"note"}:
            opinions.add(own[-1][0])
        reasons += [(code, effect, c.pack["pack"]) for _, code, effect, _ in said.values()]
        missing |= {fact for *_, effect, facts_ in said.values() if STRENGTH[effect] > 2 for fact in facts_}
        if "window" not in kinds:
            limits.add(c.limit())
    reasons += [("HR-CONFLICT", "note", "")] if len(opinions) > 1 else []
    reasons += [("HR-WINDOW-CONFLICT", "note", "")] if len(limits - {None}) > 1 else []
    outcome = "not" if all(blocked) else settled(sure, "must" in {one for one, _ in own})
    forces = {(c.pack["force"] or {"value": ""})["value"] for one, c in own if one == "must"} if outcome == "must" else set()
    expires = None
    if outcome != "not" and asked[0].at:
        at = asked[0].at[0]
        moments = [m for c, kinds in zip(asked, left, strict=True) for m in c.moments(kinds, fresh.get(c.pack["pack"]))]
        later = [m for m, holds in moments if (m > at or (m == at and holds)) and DAY <= m < (date.max.toordinal() + 1) * DAY]
        expires = (datetime(1, 1, 1) + timedelta(microseconds=min(later) - DAY)).isoformat() + "Z" if later else None
    ordered = sorted(reasons, key=lambda r: (CODES[r[0]][0], r[0], r[2]))
    return {
        "outcome": outcome, "force": max(forces, default="") or None,
        "reasons": [{"code": code, "effect": effect, "pack": pack} for code, effect, pack in ordered],
        "missing": sorted(missing), "expires": expires,
    }


def main() -> None:
    """Speak the protocol of the conformance kit."""
    folder = Path(os.environ["FHIR_HR_PACKS"])
    packs = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], **judge(packs, request)}), flush=True)


if __name__ == "__main__":
    main()
