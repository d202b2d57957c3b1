"""Reasons for not recognising a result: the common list, and what a pack asks for with each reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import UsageError
from fhir_hr.rules.tables import TableRow, read_rows

if TYPE_CHECKING:
    from fhir_hr.rules.pack import Pack
    from fhir_hr.rules.schema import RefusalReason

__all__ = [
    "CommonRefusal",
    "Need",
    "check_refusal",
    "common_refusals",
    "counts_as_refusal",
    "parse_common_refusals",
    "refusal_needs",
]

_FILE = "refusal-reasons.csv"


class Need(StrEnum):
    """What has to be there when a result is not recognised and the test is repeated.

    ``text``: the physician's own words; ``disease``: the name of the disease; ``consent``,
    ``patient-consent-to-repeat``: the patient or family agrees to the repetition; ``signature``: of the physician;
    ``patient-signature``: of a patient who does not agree; ``inform-patient``: they were told why. ``note-…``: the
    record itself says so; writing it is enough.
    """

    TEXT = "text"
    DISEASE = "disease"
    CONSENT = "consent"
    SIGNATURE = "signature"
    INFORM_PATIENT = "inform-patient"
    PATIENT_CONSENT = "patient-consent-to-repeat"
    PATIENT_SIGNATURE = "patient-signature"
    NOTE_CONSENT = "note-consent"
    NOTE_REASON = "note-reason"
    NOTE_REFUSAL = "note-refusal"


_NOTED = (Need.NOTE_CONSENT, Need.NOTE_REASON, Need.NOTE_REFUSAL)


class CommonRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of the common list, that packs' own reasons map to; ``source`` says where it was seen."""

    code: str
    zh: str
    en: str
    counts_as_refusal: bool
    needs: tuple[Need, ...]
    source: str


@cache
def common_refusals() -> Mapping[str, CommonRefusal]:
    """Return the common list of refusal reasons by code.

    Raises:
        PackError: the list that ships is broken.

    Example:
        >>> common_refusals()["serial-monitoring"].needs
        (<Need.DISEASE: 'disease'>,)
    """
    path = data_path("profiles", "rules", _FILE)
    return parse_common_refusals(path.read_bytes())


def parse_common_refusals(data: bytes) -> Mapping[str, CommonRefusal]:
    """Read a common list from bytes.

    Raises:
        PackError: it is broken; with its line.
    """
    columns = ("code", "zh", "en", "counts_as_refusal", "needs", "source")
    rows = read_rows(data, file=_FILE, required=columns, key=("code",))
    return {row.cells["code"]: _common(row) for row in rows}


def _common(row: TableRow) -> CommonRefusal:
    counts = row.yes_no("counts_as_refusal")
    zh, en, source = row.need("zh"), row.need("en"), row.need("source")
    try:
        needs = tuple(Need(word) for word in row.words("needs"))
    except ValueError as error:
        raise row.broken(f"needs: {error}") from error
    return CommonRefusal(
        code=row.cells["code"],
        zh=zh,
        en=en,
        counts_as_refusal=counts,
        needs=needs,
        source=source,
    )


def refusal_needs(pack: Pack, code: str, *, patient_agrees: bool | None = None) -> tuple[Need, ...]:
    """Return what a reason of a pack asks for: of every refusal, of the reason, and of the common one it maps to.

    Args:
        pack: the pack whose reasons were offered.
        code: the reason's code in the pack, or, where the pack has no reasons, in the common list.
        patient_agrees: whether the patient agrees to the repetition; if not, what the text asks for then is added
            and the consent left out.

    Raises:
        UsageError: no such reason.
    """
    row = _reason(pack, code)
    words: list[str] = []
    refusal = pack.content.refusal
    if refusal is not None:
        words += refusal.needs
        if patient_agrees is False:
            words += refusal.when_patient_disagrees
    words += row.needs
    common = common_refusals().get(getattr(row, "maps_to", None) or "")
    if common is not None:
        words += common.needs
    needs = [Need(word) for word in dict.fromkeys(words)]
    if patient_agrees is False:
        needs = [need for need in needs if need not in (Need.CONSENT, Need.PATIENT_CONSENT, Need.NOTE_CONSENT)]
    return tuple(needs)


def counts_as_refusal(pack: Pack, code: str) -> bool:
    """Tell whether a reason counts among the refusals in statistics.

    Raises:
        UsageError: no such reason.
    """
    return _reason(pack, code).counts_as_refusal


def check_refusal(
    pack: Pack,
    code: str,
    *,
    text: str | None = None,
    disease: str | None = None,
    consent: bool | None = None,
    signature: bool = False,
    patient_signature: bool = False,
    informed: bool = False,
) -> tuple[Need, ...]:
    """Return what is still missing before a refusal can be recorded; empty when nothing is.

    Args:
        pack: the pack whose reasons were offered.
        code: the reason's code.
        text: the physician's own words.
        disease: name of the disease.
        consent: whether patient or family agreed to the repetition; ``None``: nobody asked.
        signature: whether the physician signed; ``patient_signature``: whether the patient did.
        informed: whether patient or family were told why.

    Raises:
        UsageError: no such reason.
    """
    there = {
        Need.TEXT: bool(text and text.strip()),
        Need.DISEASE: bool(disease and disease.strip()),
        Need.CONSENT: consent is True,
        Need.PATIENT_CONSENT: consent is True,
        Need.SIGNATURE: signature,
        Need.PATIENT_SIGNATURE: patient_signature,
        Need.INFORM_PATIENT: informed,
    }
    needs = refusal_needs(pack, code, patient_agrees=consent)
    return tuple(need for need in needs if need not in _NOTED and not there[need])


def _reason(pack: Pack, code: str) -> RefusalReason | CommonRefusal:
    reasons = pack.content.refusal_reasons
    for row in reasons:
        if row.code == code:
            return row
    common = common_refusals().get(code) if not reasons else None
    if common is None:
        msg = f"{pack.ref.id} has no refusal reason {code[:40]!r}"
        raise UsageError(msg)
    return common
