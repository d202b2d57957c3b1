"""A second evaluator of rule packs, written from the vocabulary page alone; it shares no code with the library.

``judge`` answers one request under compiled packs; run as a program, this speaks the protocol of the conformance kit.
Times are spans of microseconds, both ends included. Truths are 1, 0, MAYBE: *any* is ``max``, *all* is ``min``."""

# fmt: off
import csv
import json
import os
import re
import sys
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

Json, Rows, Span = dict[str, Any], list[tuple[dict[str, Any], float]], tuple[int, int]
MAYBE, DAY, DAYS, EVER = 0.5, 86_400_000_000, 3_652_059, (-(10**30), 10**30)  # DAYS: of the years 1 to 9999
LEVELS = "alliance county city province region nation".split()
OUTCOMES = {"note": "may", "oblige": "must", "discretion": "may", "unknown": "indeterminate", "block": "not"}
STRENGTH = {effect: strength for strength, effect in enumerate(OUTCOMES)}  # the strongest effect makes the outcome
FACTS = {"patient-name": "patient_name", "item": "name", "device-model": "device_model", "report": "has_report"}
FACTS |= {"reference-interval": "reference", "images": "has_images", "series": "series_complete"}  # others: same name
FLAGS, AS_IS = ("report", "images", "series"), ("specimen", "value", "scale", "performed")
LACKS = {"method": "METHOD-MISSING", "reference-interval": "INTERVAL-MISSING", "scale": "SCALE-MISSING"}
STAGES = "pack person state item place mark quality completeness window clinical duty".split()
with (Path(__file__).parents[2] / "profiles/rules/reason-codes.csv").open(encoding="utf-8", newline="") as lines:
    CODES = {r["code"]: (STAGES.index(r["stage"]), {*r["facts"].split("|")} - {""}) for r in csv.DictReader(lines)}


def shift(offset: str) -> int:  # how far the clocks of an offset are ahead, in microseconds
    return 0 if offset == "Z" else int(offset[0] + "60000000") * (int(offset[1:3]) * 60 + int(offset[4:6]))


@lru_cache(maxsize=100_000)
def span(text: str | None, zone: str = "+08:00") -> Span | None:  # None: an unknown time
    if not text or not (found := re.fullmatch(r"([0-9]{4}(?:-[0-9]{2}){0,2}(?:T(?!24)[0-9:.]+)?)(Z|[+-]..:..)?", text)):
        return None
    stated, ahead = found[1], shift(found[2] or zone)
    try:
        days = monthrange(int(stated[:4]), int(stated[5:7] or 12))[1]
        first = datetime.fromisoformat(stated + "0001-01-01T00:00:00.000000"[len(stated) :])
        last = datetime.fromisoformat(stated + f"0001-12-{days}T23:59:59.999999"[len(stated) :])
    except ValueError:
        return None
    low, high = ((moment - datetime.min) // timedelta(microseconds=1) - ahead for moment in (first, last))
    return (low, high if len(stated) < 19 else low) if abs(ahead) < DAY else None


def within(start: str | None, end: str | None, at: Span | None, zone: str) -> float:
    low, high = span(start, zone) if start else EVER, span(end, zone) if end else EVER
    if not at or not low or not high:
        return MAYBE if start or end else True
    return (low[0] <= at[0] and at[1] <= high[1]) or (MAYBE if low[0] <= at[1] and at[0] <= high[1] else False)


def lies(division: str | None, areas: list[str]) -> float:
    inside = any((division or "").startswith(re.sub("(0000|00)$", "", area)) for area in areas)
    return "000000" in areas or (inside if re.fullmatch("[0-9]{6}", division or "") else MAYBE)


def reaches(party: Json, line: Json, sign: int) -> float:  # at least (sign 1) or at most (-1) a line
    above = None if party["tier"] is None else party["tier"] - line["tier"]
    if above == 0 and line["grade"]:
        above = "丙乙甲特".index(party["grade"]) - "丙乙甲特".index(line["grade"]) if party["grade"] else None
    return MAYBE if above is None else above * sign >= 0


class Candidate:  # one ordered item (facts o) beside one prior (p) under one pack
    def __init__(self, pack: Json, facts: Json, fresh: str | None) -> None:
        self.pack, self.zone, self.patient, self.fresh = pack, pack["effective"]["zone"], facts["identity"], span(fresh)
        known = {tuple(key.split(".")): None if value == "" else value for key, value in facts.items() if "." in key}
        self.o, self.p = ({key[1]: v for key, v in known.items() if key[0] == side} for side in ("order", "prior"))
        self.at, self.performed, self.reported = span(self.o["at"]), span(self.p["performed"]), span(self.p["reported"])
        self.ordered, self.item = (text and text.split("|", 1) for text in (self.o["item"], self.p["item"]))
        self.want, self.code = (i[1] if i and i[0] == pack["item_system"] else None for i in (self.ordered, self.item))
        rows = {row["code"]: row for row in reversed(pack["items"])}
        self.order_row, self.row = rows.get(self.want), rows.get(self.code)
        self.includes, stated = (self.row["includes"], self.row["window_days"]) if self.row else ([], None)
        self.kinds: dict[str, Json] = {k["check"]: k for k in pack["checks"]}
        window = self.kinds.get("window", {"max_days": None, "anchor": "", "count": "", "inclusive": None, "zone": "Z"})
        self.limit = window["max_days"] if stated is None or not window["anchor"] else stated
        anchors = ["performed", "reported"] if window["anchor"] == "unstated" else [window["anchor"]]
        edges = [True, False] if window["inclusive"] is None else [window["inclusive"]]
        counts = [(1, 0)] * (window["count"] != "calendar")  # in microseconds, or in days of a zone
        counts += [(DAY, shift(window["zone"]))] * (window["count"] != "elapsed")
        self.readings = [(anchor, edge, *count) for anchor in anchors for count in counts for edge in edges]
        here = self.o["institution"] and self.o["institution"] in [o["institution"] for o in pack["overlays"]]
        self.weakened = [row for row in pack["weaken"] if here and row["item"] in (None, self.want)]
        self.negative = [row for row in pack["negative"] if row["item"] == self.code]
        start, end = pack["effective"]["from"], pack["effective"]["to"]
        ended = MAYBE if end and not self.at else not within(None, end, self.at, self.zone)
        begun = MAYBE if start else True
        if self.at and (day := span(start, self.zone)):
            begun = self.at[0] >= day[len(start) < 10] or (MAYBE if self.at[1] >= day[0] else False)
        where = lies(self.o["division"], pack["applies"]["divisions"])
        self.applies = min(self.o["kind"] in pack["kinds"], where, begun, 1 - ended)

    def rows(self, table: str, side: Json) -> Rows:  # of a party; is each in force at the party's time?
        at, code = self.at if side is self.o else self.performed, side["institution"] or ""
        return [(r, within(r["start"], r["end"], at, self.zone)) for r in self.pack[table] if r["uscc"] == code]

    def evidence(self, kind: str, side: Json, answers: Mapping[tuple[str, float], Any], otherwise: Any) -> Any:
        rows, at = self.rows("quality", side), self.at if side is self.o else self.performed
        for row in self.p["evidence"]:
            if (row.get("institution") or self.p["institution"]) == side["institution"]:
                rows.append((row, within(row.get("from"), row.get("to"), at, "+08:00")))
        items = (None, "", self.item[1] if self.item else None)
        found = {(row["result"], force) for row, force in rows if row["type"] == kind and row.get("item") in items}
        return next((answer for sign, answer in answers.items() if sign in found), otherwise)

    def party(self, side: Json) -> Json:  # its level, and whether it is assessed
        rows, at = self.rows("institutions", side), self.at if side is self.o else self.performed
        row: Json = next((row for row, force in rows if force == 1), {})
        stated: Json = row or next((row for row, force in rows if force), {})
        facts = {f: side[f] if stated.get(f) is None else row.get(f) for f in ("tier", "grade", "ownership", "type")}
        since = within(row["assessed_from"], None, at, self.zone) if row.get("assessed_from") else False
        answers = {("failed", 1): False, ("failed", MAYBE): None, ("passed", 1): True}
        answers |= {} if since == 1 else {("passed", MAYBE): None, ("not-assessed", 1): False}
        last = since if row and since != MAYBE else None
        return facts | {"assessed": self.evidence("assessment", side, answers, last)}

    def allied(self) -> float:
        sides = [(side["alliances"], self.rows("alliances", side)) for side in (self.p, self.o)]
        sure = [{*(told or ())} | {row["alliance"] for row, force in rows if force == 1} for told, rows in sides]
        perhaps = [{*(told or ())} | {row["alliance"] for row, force in rows if force} for told, rows in sides]
        known = all(told is not None or any(force == 1 for _, force in rows) for told, rows in sides)
        return True if sure[0] & sure[1] else MAYBE if perhaps[0] & perhaps[1] or not known else False

    def ask(self, k: Json) -> str:
        # findings are words, several by ";": code, "on_..." parameter that has the effect (or "=effect"), missing facts
        o, p, pack, row = self.o, self.p, self.pack, self.row
        match k["check"]:
            case "identity":
                found = {"same": "", "different": "IDENTITY-MISMATCH mismatch", "unknown": "IDENTITY-UNPROVEN unknown"}
                return found[self.patient]
            case "finality":
                off = {p["status"]} - {*k["item_statuses"]} | {p["report_status"]} - {*k["report_statuses"]}
                return "NOT-FINAL fail" if off - {"unknown"} else "STATUS-UNKNOWN unknown" if off else ""
            case "superseded":
                return {True: "SUPERSEDED fail", False: "", None: "SUPERSEDED-UNKNOWN unknown"}[p["superseded"]]
            case "time_order":
                pairs = [(time, self.at) for time in (self.performed, self.reported) if time and self.at]
                before = self.performed and any(time[1] <= at[0] for time, at in pairs)
                future = any(time[0] > at[1] for time, at in pairs)
                return "FUTURE fail" if future else "" if before else "TIME-UNKNOWN unknown"
            case "item_fit" if o["kind"] != p["kind"]:
                return "ITEM-MISMATCH mismatch"
            case "item_fit" if self.ordered and self.item:
                broader = k["on_broader"] and self.ordered[0] == self.item[0] and self.ordered[1] in self.includes
                other = "ITEM-BROADER broader" if broader else "ITEM-MISMATCH mismatch"
                return "" if self.ordered == self.item else other
            case "item_fit":
                want, have = o["exam"] or {}, p["exam"] or {}
                alike = all(want.get(part) and want.get(part) == have.get(part) for part in ("modality", "body_part"))
                alike |= any(coding.find("|") > 0 for coding in {*o["codings"]} & {*p["codings"]})
                return "" if alike and not self.ordered and not self.item else "ITEM-UNMAPPED unknown"
            case "exam_fit":
                found = set()
                for aspect in (aspect.replace("-", "_") for aspect in k["aspects"]):
                    values = [(of or {}).get(aspect) or None for of in (o["exam"], self.order_row, p["exam"], row)]
                    ordered, listed_want, said, listed = ({*v} if isinstance(v, list) else v for v in values)
                    dropped = aspect == "contrast" and self.order_row and self.want in self.includes
                    want, have = None if dropped else ordered or listed_want, said or listed
                    differ = (want and have and want != have) or (said and listed and said != listed)
                    unsure = not have if want else aspect == "side" and have in ("left", "right")
                    found.add("EXAM-MISMATCH mismatch" if differ else "EXAM-UNKNOWN unknown" * unsure)
                return ";".join(found)
            case "specimen_fit":
                have, want, kinds = p["specimen"], o["specimen"], row["specimens"] if row else []
                fits = (not want or want == have or {want, have} <= {*kinds}) and (not kinds or have in kinds)
                unfit = "ITEM-UNLISTED other" if want == have else "SPECIMEN-MISMATCH mismatch"
                return ("" if fits else unfit) if have else "SPECIMEN-UNKNOWN unknown" if want or kinds else ""
            case "scale_fit":
                differs = "SCALE-MISMATCH finer" if o["scale"] == "qualitative" else "SCALE-MISMATCH mismatch"
                return "" if o["scale"] in (None, p["scale"]) else differs if p["scale"] else "SCALE-UNKNOWN unknown"
            case "listed" if not row and (not self.item or pack["list_state"] != "complete"):
                return "LIST-OPEN open" if self.item or pack["list_state"] == "absent" else "ITEM-UNMAPPED unknown"
            case "listed":
                answers = {1: "", 0: "ITEM-UNLISTED unlisted", MAYBE: "TIME-UNKNOWN unknown"}
                return answers[within(row["start"], row["end"], self.performed, self.zone) if row else 0]
            case "own_hospital":
                same = {fact for fact in ("institution", "encounter") if p[fact] and p[fact] == o[fact]}
                own = "SAME-ENCOUNTER same_encounter" if k["on_same_encounter"] else "OWN-HOSPITAL same"
                return "" if "institution" not in same else own if len(same) > 1 else "OWN-HOSPITAL same"
            case "institution":
                rows = [r for r in self.rows("suspensions", p) if not self.item or r[0]["item"] in (None, self.code)]
                mine = [min(force, MAYBE if row["item"] and not self.item else 1) for row, force in rows]
                suspended, listings = max(mine, default=0), [force for _, force in self.rows("institutions", p)]
                told = "UNKNOWN unknown" if MAYBE in (max(listings, default=0), suspended) else "LISTED listed"
                told = told if max(listings, default=0) else "UNLISTED unlisted"
                if not listings and pack["institutions_state"] != "complete":
                    told = "UNKNOWN unknown" if suspended else "LIST-OPEN open"
                return f"INSTITUTION-{'SUSPENDED suspended' if suspended == 1 else told}"
            case "direction":
                issuer, receiver = self.party(p), self.party(o)
                tiers, lines = (issuer["tier"], receiver["tier"]), (("at_least", 1), ("at_most", -1))
                for case in k["cases"]:
                    truths = [self.allied()] if case["same_alliance"] else [True]
                    truths += [MAYBE if None in tiers else tiers[0] == tiers[1]] if case["same_tier"] else []
                    for party, words in ((issuer, case["issuer"]), (receiver, case["receiver"])):
                        wants = [("tier", words["tiers"]), ("type", words["types"])]
                        wants += [(f, [words[f]]) for f in ("ownership", "assessed") if words[f] is not None]
                        truths += [MAYBE if party[f] is None else party[f] in among for f, among in wants if among]
                        truths += [reaches(party, words[line], sign) for line, sign in lines if words[line]]
                    if min(truths):
                        met = "MET" if (effect := case["then"]["effect"]) in ("oblige", "note") else "NOT-OBLIGED"
                        return f"DIR-{met} ={effect}" if min(truths) == 1 else "DIR-UNKNOWN unknown"
                return "DIR-NOT-OBLIGED otherwise"
            case "negative_list":
                listed = [within(row["start"], row["end"], self.at, self.zone) for row in self.negative]
                return {1: "NEGATIVE-LIST listed", 0: "", MAYBE: "NEGATIVE-UNKNOWN unknown"}[max(listed, default=0)]
            case "mark":
                looked = {"report": ["mark"], "item": ["item_mark"]}.get(k["level"], ["mark", "item_mark"])
                covers, places = {m["code"]: m["covers"] for m in pack["marks"]}, (p["division"], o["division"])
                valid = [min(lies(at, covers[p[m]]) for at in places) if p[m] in covers else 0 for m in looked if p[m]]
                if not valid:
                    unread = ["MARK-UNKNOWN unknown", *("report_mark" if name == "mark" else name for name in looked)]
                    return "MARK-ABSENT absent" if all(p[f"{name}_known"] for name in looked) else " ".join(unread)
                unsure = "receiver.division" if re.fullmatch("[0-9]{6}", places[0] or "") else "institution.division"
                good = "OBLIGED valid" if (k["on_valid"] or {}).get("effect") == "oblige" else "MARK-VALID valid"
                return {1: good, 0: "MARK-OUTSIDE outside", MAYBE: f"MARK-UNKNOWN unknown {unsure}"}[max(valid)]
            case "item_symbol":
                starred = p["starred"] if p["mark"] else True
                return {True: "", False: "ITEM-SYMBOL-ABSENT absent", None: "ITEM-SYMBOL-UNKNOWN unknown"}[starred]
            case "quality":
                answers = {("failed", 1): "FAIL fail", ("failed", MAYBE): "UNKNOWN unclear", ("passed", 1): ""}
                answers[("not-assessed", 1)] = "ABSENT not_assessed"
                said = self.evidence(k["evidence"], p, answers, "UNKNOWN unknown")
                return f"{k['evidence'].upper()}-{said}" if said else ""
            case "complete" | "special":
                fields = k["fields"] if "fields" in k else row["require"] if row else ()
                facts = p | {"specimen": p["specimen"] or p["specimen_text"]}
                there = {field: facts[FACTS.get(field, field)] for field in fields}
                there |= {f: bool(v and (f in AS_IS or v.strip())) for f, v in there.items() if f not in FLAGS}
                lacking, doubt = ([f for f in fields if there[f] is state] for state in (False, None))
                told = {"INCOMPLETE missing": [f for f in lacking if f not in LACKS], "COMPLETE-UNKNOWN unknown": doubt}
                said = [" ".join([words, *names]) for words, names in told.items() if names]
                return ";".join(said + [f"{LACKS[field]} missing" for field in lacking if field in LACKS])
            case "comparability":
                found = set()
                for name in (aspect.removesuffix("-interval") for aspect in k["aspects"]):
                    want, have = ("".join(normalize("NFKC", side[name] or "").casefold().split()) for side in (o, p))
                    if want and want != have:
                        found.add("NOT-COMPARABLE differ" if have else "COMPARABLE-UNKNOWN unknown")
                return ";".join(found)
            case "window" if self.limit is None:
                return f"WINDOW-{'NONE' if k['limit_known'] else 'LIMIT-UNKNOWN'} none"
            case "window":
                found: set[str | bool] = set()  # inside, outside, and the anchors of which neither is known
                for anchor, inclusive, unit, ahead in self.readings:
                    counts = [(m + ahead) // unit for time in (self.at, getattr(self, anchor)) for m in time or ()]
                    over, under = inclusive, inclusive - 1
                    if len(counts) == 4 and (unit == 1 or all(0 <= count < DAYS for count in counts)):
                        over, under = (counts[a] - counts[b] - self.limit * DAY // unit for a, b in ((1, 2), (0, 3)))
                    found.add(over < inclusive or (False if under >= inclusive else anchor))
                said = "WINDOW-UNCLEAR unclear" if len(found) > 1 else "" if True in found else "WINDOW-EXPIRED expired"
                unknown = " ".join(str(anchor) for anchor in found - {True, False})
                return f"WINDOW-UNKNOWN unknown {unknown}" if unknown else said
            case "exclusion":
                claims = {claim["case"] for claim in o["exclusions"] if (claim.get("item") or "1") == "1"}
                listed = {row["case"] for row in pack["exclusions"]}
                return "EXCLUSION claim;" * bool(claims & listed) + "EXCLUSION-UNKNOWN unknown" * bool(claims - listed)

    def find(self) -> Iterator[tuple[str, str, str, set[str]]]:  # kind of check, code, effect, missing facts
        asked = [(k, self.ask(k)) for k in self.pack["checks"] if k["check"] not in self.left]
        weak = any(within(row["start"], row["end"], self.at, self.zone) for row in self.weakened)
        stale = self.fresh and self.at and self.at[1] > self.fresh[0]
        more = {"OVERLAY =discretion": weak, "PACK-UNKNOWN unknown": self.applies == MAYBE, "PACK-STALE =note": stale}
        for k, said in asked + [({"check": "", **self.pack["applies"]}, said) for said in more if more[said]]:
            for code, on, *missing in (words.split() for words in said.split(";") if words):
                if effect := on[1:] if on[0] == "=" else (k.get(f"on_{on}") or k.get(on) or {}).get("effect"):
                    yield k["check"], f"HR-{code}", effect, {*missing} or CODES[f"HR-{code}"][1]

    def moments(self) -> Iterator[tuple[int, bool]]:  # when time may change it; does it still hold then?
        rows = self.negative + self.weakened
        ends = [span(end, self.zone) for end in (self.pack["effective"]["to"], *(row["end"] for row in rows))]
        yield from ((end[1], True) for end in (self.fresh and self.fresh[:1] * 2, *ends) if end)
        yield from ((start[0], False) for row in rows if (start := span(row["start"], self.zone)))
        for anchor, inclusive, unit, ahead in () if self.limit is None or "window" in self.left else self.readings:
            for moment in getattr(self, anchor) or ():
                midnight = ((moment + ahead) // DAY + self.limit + inclusive) * DAY - ahead
                yield (midnight, False) if unit == DAY else (moment + self.limit * DAY, inclusive)


def judge(packs: Mapping[str, Json], request: Json) -> Json:  # compiled packs by id
    facts, tables, fresh = (request[key] for key in ("facts", "tables", "fresh_until"))
    asked = [Candidate(packs[n] | tables.get(n, {}), facts, fresh.get(n)) for n in sorted({*request["packs"]})]
    asked = [c for c in asked if c.applies]
    for c in asked:
        lower = [o for o in asked if o.applies == 1 and LEVELS.index(o.pack["level"]) < LEVELS.index(c.pack["level"])]
        c.left = {kind: others for kind in c.pack["delegates"] if (others := [o for o in lower if kind in o.kinds])}
        c.found = sorted(c.find(), key=lambda finding: -STRENGTH[finding[2]])
    reasons = [] if asked else [("HR-PACK-NONE", "unknown", "")]
    missing, union, opinions, limits, forces = set(), set() if asked else {"unknown"}, set(), set(), set()
    for c in asked:
        said = {code: (effect, facts) for _, code, effect, facts in reversed(c.found)}  # one per code: the strongest
        taken = {f[2] for kind, others in c.left.items() for o in others for f in o.found if f[0] == kind} - {"oblige"}
        c.effects = {effect for effect, _ in said.values()}
        own = OUTCOMES[max({"note"} | c.effects | taken, key=lambda effect: STRENGTH[effect])]
        union |= {"unknown" if effect == "block" and c.applies < 1 else effect for effect in c.effects}
        opinions |= {own} if c.effects - {"note"} else set()
        limits |= {c.limit} - {None} if "window" not in c.left else set()
        forces |= {(c.pack["force"] or {"value": ""})["value"]} if own == "must" else set()
        missing |= {fact for effect, facts in said.values() if STRENGTH[effect] > 1 for fact in facts}
        reasons += [(code, effect, c.pack["pack"]) for code, (effect, _) in said.items()]
    conflicts = ("HR-CONFLICT", opinions), ("HR-WINDOW-CONFLICT", limits)
    reasons += [(code, "note", "") for code, views in conflicts if len(views) > 1]
    outcome = "not" if "block" in union or (asked and all("block" in c.effects for c in asked)) else ""
    outcome = outcome or ("indeterminate" if "unknown" in union else "must" if forces else "may")
    at, moments = asked[0].at if asked and outcome != "not" else None, (moment for c in asked for moment in c.moments())
    later = [moment for moment, holds in moments if at and moment >= at[0] + (not holds) and 0 <= moment < DAYS * DAY]
    expires = (datetime.min + timedelta(microseconds=min(later))).isoformat() + "Z" if later else None
    reasons.sort(key=lambda reason: (CODES[reason[0]][0], reason[0], reason[2]))
    told = [dict(zip(("code", "effect", "pack"), reason, strict=True)) for reason in reasons]
    force = max(forces) or None if outcome == "must" else None
    return {"outcome": outcome, "force": force, "reasons": told, "missing": sorted(missing), "expires": expires}


if __name__ == "__main__":
    compiled = {path.stem: json.loads(path.read_bytes()) for path in Path(os.environ["FHIR_HR_PACKS"]).glob("*.json")}
    for line in sys.stdin.buffer:
        print(json.dumps({"id": (asks := json.loads(line))["id"], **judge(compiled, asks)}), flush=True)
