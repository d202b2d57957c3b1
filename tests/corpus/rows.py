"""Every row of HL7's v2-to-FHIR tables, and whether it is mapped as it stands, otherwise, or not at all.

``python tests/corpus/rows.py [--write]`` prints (or writes into the conformance page) what is mapped otherwise. The
tables lie beside the checkout (``../shared/lists/v2_to_fhir``); a row that nothing here speaks of is an error.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import NamedTuple

from fhir_hr.mapping.codes import load_code_table

__all__ = ["BEGIN", "END", "LISTS", "Row", "markdown", "rows"]

ROOT = Path(__file__).parents[2]
LISTS = ROOT.parent / "shared" / "lists" / "v2_to_fhir"
PAGE = ROOT / "docs" / "reference" / "conformance.md"
BEGIN, END = "<!-- v2-to-FHIR rows: begin -->", "<!-- v2-to-FHIR rows: end -->"

SAME, OTHER, NOT, NONE = "as HL7", "otherwise", "not mapped", "no target"


class Rule(NamedTuple):
    """One decision about some rows of a map; ``rows`` as ``5-9,12``."""

    rows: str
    verdict: str
    ours: str = ""
    why: str = ""


class Row(NamedTuple):
    """One row, judged."""

    table: str
    number: int
    name: str
    verdict: str
    ours: str
    why: str


_NOTE_KIND = Rule("6", NOT, "NTE-4 is not written", "HL7's own row names no extension yet")
_NOTE_TIME = Rule("8", NOT, "NTE-6 is not read", "the neutral model's note has no time; OBX-14 and OBR-22 say when")
_NOTES = [
    Rule("5", OTHER, "consecutive NTE are one Annotation, their lines joined", "an NTE is a line, not a remark"),
    _NOTE_KIND,
    Rule("7", SAME),
    _NOTE_TIME,
]
_DOCUMENT = "`DiagnosticReport.presentedForm`"
_DOCUMENT_WHY = "the document is the report; R4 has no `valueAttachment`, and a second resource would have to be found"
_ORGANISATION = "Organization with its address, the director as its contact; no PractitionerRole"
_ORGANISATION_WHY = "`MDIR` describes the laboratory; it does not say that the director made this result"
_NO_ORDERING = "the order is history when its report comes; nothing downstream reads it"


def _circumstances(before: int, after: int) -> list[Rule]:
    """The rules for OBX-10 and later; the maps differ by ``before`` rows up to OBX-14, by ``after`` from OBX-16."""

    def moved(row: str) -> str:
        return str(int(row) + (before if int(row) < 51 else after))

    def at(text: str) -> str:
        return ",".join("-".join(map(moved, part.split("-"))) for part in text.split(","))

    return [
        Rule(
            at("40-41"), NOT, "OBX-10 is not read", "the nature of the normal range is in no report; 0 or 1 is misuse"
        ),
        Rule(at("42,46-47,50,53-57,60-62,64,66"), SAME),
        Rule(
            at("43-45"),
            OTHER,
            "the source's code is kept in our `source-text` extension, for every code that FHIR's status does not say",
            "one way for all codes; `X` is also `dataAbsentReason`",
        ),
        Rule(at("58-59"), OTHER, "`Observation.note` (分析时间：…)", "HL7's row names no extension"),
        Rule(at("65,67-70"), OTHER, _ORGANISATION, _ORGANISATION_WHY),
        Rule(at("74-75"), NOT, "OBX-29 is not read", "an OBX that came as a result is a result"),
        Rule(at("76-78"), NOT, "OBX-30 is not read", "root cause of a change; no reader of a report uses it"),
        Rule(
            at("81-86"),
            OTHER,
            "`specimen` is the Specimen of the message that OBX-33 names, or the only one; no Group",
            "a reference that resolves; a name that is not in the message is reported as `specimen-unlinked`",
        ),
    ]


SEGMENTS: dict[str, list[Rule]] = {
    "NTE[Appointment-Comment]": [Rule("5-12,15-16", NOT, "", "no appointment is in a result message")],
    "NTE[DocumentReference]": [
        Rule(
            "5-6,12", NOT, "notes are Annotations of the order, result or specimen they follow", "no DocumentReference"
        )
    ],
    "NTE[Observation]": _NOTES,
    "NTE[ServiceRequest]": _NOTES,
    "OBR[DiagnosticReport]": [
        Rule("4-10,13,29,31-32", SAME),
        Rule(
            "14-15",
            OTHER,
            "a Period only where OBR-8 is later than OBR-7; else OBR-7 as dateTime",
            "many senders repeat OBR-7, or put the time of approval into OBR-8",
        ),
        Rule("40", OTHER, "Practitioner instead of PractitionerRole; OBR-33 too", "only the person is known"),
        Rule("42,46", OTHER, "Practitioner instead of PractitionerRole", "only the person is known"),
        Rule(
            "43-45,47-49", NOT, "no function extension", "it is an R5 extension with loose use; the model has no place"
        ),
    ],
    "OBR[ServiceRequest]": [
        Rule("3,5-8,10-12,21,28,48", SAME),
        Rule("9", NOT, "", "HL7's row is a placeholder; ids are uuid5 of the business keys"),
        Rule("13", OTHER, "S A R T, and U (urgent)", "U is no code of the table and is sent"),
        Rule(
            "14",
            OTHER,
            "`authoredOn` where ORC-9 is empty",
            "when a finished examination was wanted says nothing; when it was ordered does",
        ),
        Rule("19-20", NOT, "`intent` is `order`", f"`#add-on#` is no FHIR code; {_NO_ORDERING}"),
        Rule("23-24", NOT, "OBR-13 is read only for a mark, where the sender's profile says so", "free clinical text"),
        Rule("29-30", NOT, "OBR-17 is not read", f"a telephone number; {_NO_ORDERING}"),
        Rule("40", NOT, "OBR-27 is not read", f"timing; {_NO_ORDERING}"),
        Rule("42-45", OTHER, "one `basedOn`: the filler number, else the placer number", "both name one order"),
        Rule("46", NOT, "", "HL7's row is not worked out"),
        Rule("63-64", NOT, "OBR-46 and OBR-47 are not read", _NO_ORDERING),
        Rule("70-72", NOT, "OBR-53 is not read", "placer and filler number identify the order"),
    ],
    "OBR[Specimen]": [
        Rule("4", NOT, "", "an order number is no accession number; SPM-30 is read, OBR-18/20 for imaging"),
        Rule(
            "9-11,18-19",
            OTHER,
            "the same elements, only where OBR-15 is valued and no SPM came",
            "else a second, empty Specimen would stand beside the real one",
        ),
        Rule("12-13,16-17,45", NOT, "OBR-9, 10, 13 and 39 are not read", "SPM carries these; old messages rarely do"),
    ],
    "OBX[DocumentReference]": [
        Rule("7-12", OTHER, f"ED and RP: {_DOCUMENT}; FT and TX: text of the report", _DOCUMENT_WHY)
    ],
    "OBX[Observation-Component]": [
        Rule("5-6,8,10-25,34-39,41", SAME),
        Rule("7", OTHER, "part of the result's key; OBR-26 gives `derivedFrom`", "a sub-id alone links nothing"),
        Rule(
            "9",
            OTHER,
            "repetitions of TX and FT are lines of one `valueString`; `~` in ST is text",
            "chapter 2A.3: lines; `3~5` in ST is a range that was not escaped",
        ),
        Rule("27-29,31-33", OTHER, _DOCUMENT, _DOCUMENT_WHY),
        Rule(
            "40", OTHER, "`Observation.referenceRange` with bounds and text", "OBX-7 is said once for all repetitions"
        ),
        Rule("54", OTHER, "performer Organization", "the target of OBX[Observation]; HL7's row here is a placeholder"),
        *_circumstances(3, 2),
    ],
    "OBX[Observation]": [
        Rule("5,7,9-25,31-36,38,51", SAME),
        Rule("6", OTHER, "part of the result's key; OBR-26 gives `derivedFrom`", "a sub-id alone links nothing"),
        Rule(
            "8",
            OTHER,
            "also: an ST number with a unit is a Quantity, a titre a Ratio, a grade word has its grade; findings, "
            "impression and text without a code go into the report",
            "Chinese senders use ST for every number; the sender's profile can switch it off",
        ),
        Rule("26-27,29-30", OTHER, _DOCUMENT, _DOCUMENT_WHY),
        Rule("37", OTHER, "also `low`, `high` and `appliesTo` where they are certain", "a text cannot be compared"),
        Rule("52", NOT, "OBX-15 gives an Organization only", "it names a producer, not a person"),
        *_circumstances(0, 0),
    ],
    "SPM[Specimen]": [
        Rule("4-5,8,10-12,16,18,21-23,25,29,32,35", SAME),
        Rule(
            "6-7", OTHER, "one logical reference: the filler number, else the placer number", "both name one specimen"
        ),
        Rule("13", NOT, "SPM-9 is not read", "HL7's row is a placeholder"),
        Rule("36-39", NOT, "SPM-31 and SPM-32 are not read", "numbers of the transport"),
    ],
}

ORU_R01: list[tuple[str, str, Rule]] = [
    # (end of the identifier, beginning of the primary target, decision)
    ("R01.MSH", "Bundle", Rule("", SAME)),
    ("R01.MSH", "MessageHeader", Rule("", NOT, "", "no `message` Bundle is written; the origin is in Provenance")),
    (
        "R01.MSH",
        "Provenance[1]",
        Rule("", OTHER, "the sender is an agent of the one Provenance", "one step, one record"),
    ),
    ("R01.MSH", "Provenance[2]", Rule("", SAME)),
    ("R01.SFT", "", Rule("", NOT, "", "the software's name is in MSH-3")),
    ("R01.UAC", "", Rule("", NONE)),
    ("PATIENT.PID", "Patient", Rule("", SAME)),
    (
        "PATIENT.PID",
        "",
        Rule("", NOT, "PID-33/34 are not read", "whose last update it was says nothing of the results"),
    ),
    ("PATIENT.PD1", "", Rule("", NOT, "", "nothing of it bears on a result")),
    (
        ".PRT",
        "",
        Rule("", NOT, "PRT is not read, and is counted in `segment-unused`", "people come from OBR and OBX fields"),
    ),
    ("PATIENT.NK1", "", Rule("", NOT, "", "next of kin: minimal data")),
    ("PATIENT.ARV", "", Rule("", NONE)),
    ("PATIENT.NTE", "", Rule("", NONE)),
    (
        "PATIENT_OBSERVATION.OBX",
        "",
        Rule("", OTHER, "an Observation in a report of its own", "results without OBR look the same; nothing is lost"),
    ),
    ("VISIT.PV1", "Encounter", Rule("", SAME)),
    ("VISIT.PV1", "", Rule("", NOT, "no history, VIP or coverage", "minimal data")),
    ("VISIT.PV2", "", Rule("", NOT, "", "minimal data")),
    ("COMMON_ORDER.ORC", "", Rule("", SAME)),
    ("ORDER_DOCUMENT.OBX", "", Rule("", NONE)),
    ("ORDER_DOCUMENT.TXA", "", Rule("", NONE)),
    ("ORDER_OBSERVATION.OBR", "DiagnosticReport", Rule("", SAME)),
    (
        "ORDER_OBSERVATION.OBR",
        "Specimen",
        Rule("", OTHER, "only where OBR-15 is valued and no SPM came", "see OBR[Specimen]"),
    ),
    (
        "ORDER_OBSERVATION.OBR",
        "ServiceRequest",
        Rule("", OTHER, "also without ORC", "OBR alone carries the order's numbers"),
    ),
    ("ORDER_OBSERVATION.NTE", "", Rule("", NONE)),
    ("TIMING_QTY.TQ1", "", Rule("", NONE)),
    ("TIMING_QTY.TQ2", "", Rule("", NONE)),
    ("ORDER_OBSERVATION.CTD", "", Rule("", NONE)),
    ("ORDER_OBSERVATION.FT1", "", Rule("", NONE)),
    ("ORDER_OBSERVATION.CTI", "", Rule("", NONE)),
    (".OBSERVATION.OBX", "Observation", Rule("", SAME)),
    (".OBSERVATION.OBX", "", Rule("", OTHER, "an Observation", "OBX-29 is not read; see OBX[Observation]")),
    (
        ".OBSERVATION.NTE",
        "",
        Rule("", OTHER, "`Observation.note` by NTE[Observation]", "HL7's row names the map of an order"),
    ),
    ("SPECIMEN.SPM", "", Rule("", SAME)),
    ("SPECIMEN_OBSERVATION.OBX", "", Rule("", SAME)),
    ("R01.DSC", "", Rule("", NONE)),
]

CODES = {
    "ObservationResultStatusCodesInterpretation": "obx-status-0085",
    "ResultStatus[Non-Queries]": "report-status-0123",
    "InterpretationCodes": "flags-0078",
    "DiagnosticServiceSectionID": "sections-0074",
    "YesNoIndicator[AvailabilityStatus]": "availability-0136",
}


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _read(name: str) -> list[dict[str, str]]:
    with (LISTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _segments() -> list[Row]:
    judged = []
    for row in _read("segments.csv"):
        table, number = row["map"], int(row["row"])
        target = row["fhir_attribute"] or row["fhir_extension_or_col11"]
        found = [rule for rule in SEGMENTS[table] if number in _numbers(rule.rows)]
        if not target:
            if found and any(rule.verdict != OTHER and rule.verdict != NOT for rule in found):
                raise ValueError(f"{table} row {number} has no target, and is called mapped")
            judged.append(Row(table, number, row["v2_id"], NONE, "", ""))
            continue
        if len(found) != 1:
            raise ValueError(f"{table} row {number} ({row['v2_id']}) is spoken of {len(found)} times")
        judged.append(Row(table, number, row["v2_id"], *found[0][1:]))
    return judged


def _oru() -> list[Row]:
    with (LISTS / "oru_r01.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))[2:]
    judged = []
    for number, line in enumerate(lines, start=3):
        identifier, syntax, target = line[1], line[2], line[9]
        if not identifier or line[3].startswith("---") or identifier.startswith("/"):
            judged.append(Row("ORU_R01", number, syntax, NONE, "", ""))
            continue
        fitting = [
            (start, rule) for end, start, rule in ORU_R01 if identifier.endswith(end) and target.startswith(start)
        ]
        if not fitting:
            raise ValueError(f"ORU_R01 line {number} ({identifier} to {target}) is not spoken of")
        rule = max(fitting, key=lambda one: len(one[0]))[1]
        name = f"{identifier.removeprefix('ORU_R01.')} to {target or '–'}"
        judged.append(Row("ORU_R01", number, name, *rule[1:]))
    return judged


def _codes() -> list[Row]:
    judged = []
    for row in _read("codes.csv"):
        table, number = row["source_csv"], int(row["row"])
        code, theirs = row["c1"].strip(), row["c7"].strip()
        ours = load_code_table(CODES[table]).get(code) if code and number > 2 else None
        if number <= 2 or ours is None:
            if number > 2 and code and code != "null":
                raise ValueError(f"{table} row {number} ({code}) is in no table of ours")
            judged.append(Row(table, number, code, NONE, "", ""))
        elif (
            (ours.target or "") == theirs
            and not row["c1"].endswith(" ")
            and not (table.startswith("Obs") and ours.absent)
        ):
            judged.append(
                Row(table, number, code, SAME if theirs else NOT, "kept as text" if not theirs else "", ours.note)
            )
        else:
            absent = f", value absent: `{ours.absent}`" if ours.absent else ""
            judged.append(Row(table, number, f"`{code}`", OTHER, f"`{ours.target}`{absent}", ours.note))
    return judged


def rows() -> list[Row]:
    """All rows of the three tables, judged."""
    return [*_segments(), *_oru(), *_codes()]


def _ranges(numbers: list[int]) -> str:
    parts: list[str] = []
    start = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        parts.append(str(start) if start == last else f"{start}–{last}")
        start = last = number
    return ", ".join(parts)


def markdown() -> str:
    """The two tables of the conformance page."""
    judged = rows()
    tables = list(dict.fromkeys(row.table for row in judged))
    verdicts = (SAME, OTHER, NOT, NONE)
    lines = [f"| map | rows | {' | '.join(verdicts)} |", f"|---|---:|{'---:|' * len(verdicts)}"]
    for table in tables:
        own = [row for row in judged if row.table == table]
        counts = [sum(row.verdict == verdict for row in own) for verdict in verdicts]
        lines.append(f"| {table} | {len(own)} | {' | '.join(map(str, counts))} |")
    lines += ["", "| map | rows | v2 | here | ours | why |", "|---|---|---|---|---|---|"]
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in judged:
        if row.verdict in (OTHER, NOT):
            groups.setdefault((row.table, row.verdict, row.ours, row.why), []).append(row)
    for (table, verdict, ours, why), members in groups.items():
        names = ", ".join(dict.fromkeys(row.name for row in members))
        lines.append(f"| {table} | {_ranges([row.number for row in members])} | {names} | {verdict} | {ours} | {why} |")
    return "\n".join(lines)


if __name__ == "__main__":
    made = markdown()
    print(made)
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        PAGE.write_text(f"{before}\n\n{made}\n\n{after}", encoding="utf-8")
