"""What a schema cannot say: invariants of the specification, and the rules of our own profiles.

Every rule yields ``(path, words)``; ``path`` is the path inside the resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.model.flags import EvidenceResult, EvidenceType, FlagBasis
from fhir_hr.model.imaging import CompletenessGround, CompletenessVerdict
from fhir_hr.model.lab import Scale
from fhir_hr.render.datatypes import PROFILE, SOURCE_TEXT, UCUM
from fhir_hr.render.encode import Json
from fhir_hr.render.flag import FLAG

__all__ = ["DATATYPE_RULES", "EXTENSION_RULES", "Found", "extension_rules", "profile_rules", "resource_rules"]

Found = Iterator[tuple[list[str | int], str]]

_FLAGGED = frozenset(("Observation", "DiagnosticReport", "ImagingStudy"))
_EMPTY_ALLOWED = frozenset(("registered", "preliminary", "cancelled", "entered-in-error"))


# -- datatypes -------------------------------------------------------------------------------------


def _period_rule(value: Json) -> Iterator[str]:
    if "start" in value and "end" in value and _after(value["start"], value["end"]):
        yield "ends before it begins (per-1)"


def _range_rule(value: Json) -> Iterator[str]:
    low, high = (value.get(side, {}).get("value") for side in ("low", "high"))
    if _number(low) and _number(high) and low > high:
        yield "low is above high (rng-2)"


def _extension_rule(value: Json) -> Iterator[str]:
    values = [name for name in value if name.startswith("value")]
    if len(values) > 1:
        yield f"more than one value[x]: {', '.join(sorted(values))}"
    elif ("extension" in value) == bool(values or any(name.startswith("_value") for name in value)):
        yield "an extension has either a value or extensions (ext-1)"


DATATYPE_RULES: dict[str, Callable[[Json], Iterator[str]]] = {
    "Period": _period_rule,
    "Range": _range_rule,
    "Extension": _extension_rule,
}
"""What is wrong with a datatype beyond its schema, by its name."""


def _number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _after(start: str, end: str) -> bool:
    if "T" not in start or "T" not in end:
        # With partial dates only what both say can be compared.
        size = min(len(start), len(end), 10)
        return start[:size] > end[:size] and "T" not in start + end
    try:
        return datetime.fromisoformat(start) > datetime.fromisoformat(end)
    except ValueError:
        return False


# -- resources -------------------------------------------------------------------------------------


def resource_rules(resource: Json) -> Found:
    """Yield the invariants of a resource that is valid by its schema."""
    if resource.get("resourceType") == "Observation" and "component" in resource:
        yield from _obs_7(resource)


def _obs_7(resource: Json) -> Found:
    if not any(name.startswith("value") for name in resource):
        return
    own = {_coding_key(one) for one in resource["code"].get("coding", ())}
    for index, component in enumerate(resource["component"]):
        if own & {_coding_key(one) for one in component["code"].get("coding", ())}:
            yield ["component", index, "code"], "repeats the code of an Observation that has a value (obs-7)"


def _coding_key(coding: Json) -> tuple[object, object]:
    return coding.get("system"), coding.get("code")


# -- our extensions --------------------------------------------------------------------------------


def extension_rules(extension: Json, *, parent: str) -> Found:
    """Yield what is wrong with an extension of our own; others are none of our business.

    Args:
        extension: the extension.
        parent: where it stands: ``Observation``, ``Patient.gender`` …
    """
    url = extension.get("url")
    if not isinstance(url, str) or not url.startswith(f"{CANONICAL}/"):
        return
    rule = EXTENSION_RULES.get(url)
    if rule is None:
        yield ["url"], "unknown extension of our own base"
        return
    yield from rule(extension, parent)


def _flag_rule(extension: Json, parent: str) -> Found:
    if parent not in _FLAGGED:
        yield [], f"a recognition flag may not stand on {parent}"
    parts: dict[str, list[Json]] = {}
    for part in extension.get("extension", ()):
        parts.setdefault(str(part.get("url")), []).append(part)
    for name, kind in (("label", "valueString"), ("basis", "valueCode")):
        if len(parts.get(name, ())) != 1 or kind not in parts[name][0]:
            yield [], f"a recognition flag needs exactly one {name!r} with {kind}"
    if not parts.get("scope") or any("valueCoding" not in one for one in parts["scope"]):
        yield [], "a recognition flag needs a 'scope' with valueCoding"
    for one in parts.get("basis", ()):
        if one.get("valueCode") not in frozenset(FlagBasis):
            yield [], f"basis {str(one.get('valueCode'))[:40]!r} is not one of: {', '.join(FlagBasis)}"
    if "item" in parts and "list" not in parts:
        yield [], "the item names no list that it stands on (hr-flag-2)"
    unknown = parts.keys() - _FLAG_PARTS
    if unknown:
        yield [], f"unknown parts of a recognition flag: {', '.join(sorted(unknown))}"
    for one in parts.get("evidence", ()):
        yield from _evidence_rule(one)


_FLAG_PARTS = frozenset(
    (
        "scope",
        "label",
        "mark",
        "basis",
        "item",
        "list",
        "listVersion",
        "authority",
        "validUntil",
        "evidence",
    )
)


def _evidence_rule(evidence: Json) -> Found:
    values = {one.get("url"): one.get("valueCode") for one in evidence.get("extension", ())}
    for name, allowed in (("type", frozenset(EvidenceType)), ("result", frozenset(EvidenceResult))):
        if values.get(name) not in allowed:
            yield [], f"evidence {name} is not one of: {', '.join(sorted(allowed))}"
    if values.get("type") == EvidenceType.EQA and values.get("result") == EvidenceResult.FAILED:
        yield [], "the item failed external quality assessment: no recognition flag may stand here (hr-flag-1)"


def _scale_rule(extension: Json, parent: str) -> Found:
    if parent != "Observation":
        yield [], f"result-scale may not stand on {parent}"
    if extension.get("valueCode") not in frozenset(Scale):
        yield [], f"result-scale is not one of: {', '.join(Scale)}"


def _sex_rule(extension: Json, parent: str) -> Found:
    if parent != "Patient.gender":
        yield [], f"source-sex may not stand on {parent}"
    if "valueString" not in extension:
        yield [], "source-sex needs a valueString"


def _text_rule(extension: Json, parent: str) -> Found:
    del parent
    if "valueString" not in extension:
        yield [], "source-text needs a valueString"


def _completeness_rule(extension: Json, parent: str) -> Found:
    if parent != "ImagingStudy":
        yield [], f"study-completeness may not stand on {parent}"
    parts: dict[str, list[Json]] = {}
    for part in extension.get("extension", ()):
        parts.setdefault(str(part.get("url")), []).append(part)
    verdicts = [one.get("valueCode") for one in parts.get("verdict", ())]
    if len(verdicts) != 1:
        yield [], "study-completeness needs exactly one 'verdict' with valueCode"
    for code in verdicts:
        if code not in frozenset(CompletenessVerdict):
            yield [], f"verdict {str(code)[:40]!r} is not one of: {', '.join(CompletenessVerdict)}"
    unknown = parts.keys() - {"verdict", "evidence", "missingCount", "missing"}
    if unknown:
        yield [], f"unknown parts of study-completeness: {', '.join(sorted(unknown))}"
    fails = False
    for one in parts.get("evidence", ()):
        values = {part.get("url"): part for part in one.get("extension", ())}
        ground = values.get("ground", {}).get("valueCode")
        if ground not in frozenset(CompletenessGround):
            yield [], f"ground {str(ground)[:40]!r} is not one of: {', '.join(CompletenessGround)}"
        fails = fails or values.get("holds", {}).get("valueBoolean") is False
        if values.keys() - {"ground", "holds", "text"}:
            yield [], "unknown parts of the evidence of study-completeness"
    yield from _missing_rule(parts, verdicts, fails=fails)


def _missing_rule(parts: dict[str, list[Json]], verdicts: list[object], *, fails: bool) -> Found:
    named = parts.get("missing", ())
    counted = [one.get("valueUnsignedInt") for one in parts.get("missingCount", ())]
    if any("valueOid" not in one for one in named):
        yield [], "'missing' needs a valueOid"
    if len(counted) > 1 or any(not isinstance(one, int) for one in counted):
        yield [], "study-completeness has at most one 'missingCount' with valueUnsignedInt"
        return
    count = counted[0] if counted else None
    if _COMPLETE & set(verdicts) and (named or count or fails):
        yield [], "a study that is called complete has something missing (hr-complete-1)"
    if named and (not isinstance(count, int) or count < len(named)):
        yield [], "more is listed as missing than is counted (hr-complete-2)"


def _acquisition_rule(extension: Json, parent: str) -> Found:
    if parent != "ImagingStudy.series":
        yield [], f"series-acquisition may not stand on {parent}"
    names = [str(part.get("url")) for part in extension.get("extension", ())]
    unknown = set(names) - _ACQUISITION.keys()
    if unknown:
        yield [], f"unknown parts of series-acquisition: {', '.join(sorted(unknown))}"
    for name, value in _ACQUISITION.items():
        if name != "view" and names.count(name) > 1:
            yield [], f"series-acquisition has at most one {name!r}"
        if any(part.get("url") == name and value not in part for part in extension.get("extension", ())):
            yield [], f"{name!r} of series-acquisition needs a {value}"


_ACQUISITION = {
    **dict.fromkeys(("view", "patientPosition", "contrastAgent", "protocol", "procedure", "station"), "valueString"),
    "contrast": "valueBoolean",
}
_COMPLETE = frozenset[object]((CompletenessVerdict.COMPLETE, CompletenessVerdict.COMPLETE_PER_ARCHIVE))


def _valued(name: str, value: str, *contexts: str) -> Callable[[Json, str], Found]:
    """Return the rule of an extension with one kind of value on certain elements."""

    def rule(extension: Json, parent: str) -> Found:
        if parent not in contexts:
            yield [], f"{name} may not stand on {parent}"
        if value not in extension:
            yield [], f"{name} needs a {value}"

    return rule


EXTENSION_RULES: dict[str, Callable[[Json, str], Found]] = {
    FLAG: _flag_rule,
    f"{PROFILE}result-scale": _scale_rule,
    f"{PROFILE}source-sex": _sex_rule,
    SOURCE_TEXT: _text_rule,
    f"{PROFILE}study-completeness": _completeness_rule,
    f"{PROFILE}series-acquisition": _acquisition_rule,
    f"{PROFILE}image-count": _valued("image-count", "valueUnsignedInt", "ImagingStudy", "ImagingStudy.series"),
    f"{PROFILE}frame-count": _valued("frame-count", "valuePositiveInt", "ImagingStudy.series.instance"),
    f"{PROFILE}item-candidate": _valued("item-candidate", "valueCoding", "ImagingStudy"),
}


# -- our profiles ----------------------------------------------------------------------------------


def profile_rules(resource: Json) -> Found:
    """Yield what keeps a resource from meeting the profiles of ours that it claims."""
    for index, profile in enumerate(resource.get("meta", {}).get("profile", ())):
        if not isinstance(profile, str) or not profile.startswith(PROFILE):
            continue
        name = profile.removeprefix(PROFILE).partition("|")[0]
        rule = _PROFILE_RULES.get(name)
        if rule is None:
            yield ["meta", "profile", index], f"unknown profile {name[:64]!r}"
            continue
        kind, check = rule
        if resource.get("resourceType") != kind:
            yield ["meta", "profile", index], f"the profile {name} is for {kind}"
            continue
        yield from check(resource)
    urls = [one.get("url") for one in resource.get("extension", ())]
    for url, name in _ONCE.items():
        if urls.count(url) > 1:
            yield ["extension"], f"more than one {name}"


_ONCE = {
    FLAG: "recognition flag",
    f"{PROFILE}study-completeness": "study-completeness",
    f"{PROFILE}image-count": "image-count",
}


def _has_category(resource: Json, system: str, code: str) -> bool:
    return any(
        (one.get("system"), one.get("code")) == (system, code)
        for category in resource.get("category", ())
        for one in category.get("coding", ())
    )


def _result_profile(resource: Json) -> Found:
    if "subject" not in resource:
        yield [], "a recognised result needs a subject"
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    if not _has_category(resource, system, "laboratory"):
        yield ["category"], "a recognised laboratory result needs the category 'laboratory'"
    present = any(
        name.lstrip("_").startswith("value") or name in ("dataAbsentReason", "hasMember", "component")
        for name in resource
    )
    if not present and resource.get("status") not in _EMPTY_ALLOWED:
        yield [], "neither value nor reason for its absence (hr-obs-1)"
    for path, quantity in _quantities(resource):
        if "code" in quantity and quantity.get("system") != UCUM:
            yield path, "a unit code must be UCUM; any other unit stays text (hr-obs-2)"


def _quantities(resource: Json) -> Iterator[tuple[list[str | int], Json]]:
    if isinstance(resource.get("valueQuantity"), dict):
        yield ["valueQuantity"], resource["valueQuantity"]
    for index, component in enumerate(resource.get("component", ())):
        if isinstance(component.get("valueQuantity"), dict):
            yield ["component", index, "valueQuantity"], component["valueQuantity"]
    for index, one in enumerate(resource.get("referenceRange", ())):
        for side in ("low", "high"):
            if isinstance(one.get(side), dict):
                yield ["referenceRange", index, side], one[side]


def _lab_report_profile(resource: Json) -> Found:
    if "subject" not in resource:
        yield [], "a recognised report needs a subject"
    if not _has_category(resource, "http://terminology.hl7.org/CodeSystem/v2-0074", "LAB"):
        yield ["category"], "a recognised laboratory report needs the category 'LAB'"


def _imaging_report_profile(resource: Json) -> Found:
    for name in ("subject", "category"):
        if name not in resource:
            yield [], f"a recognised imaging report needs a {name}"


def _imaging_study_profile(resource: Json) -> Found:
    identifiers = resource.get("identifier", ())
    uids = [index for index, one in enumerate(identifiers) if one.get("system") == "urn:dicom:uid"]
    if len(uids) != 1:
        yield ["identifier"], "a recognised imaging study needs exactly one identifier of the system urn:dicom:uid"
    for index in uids:
        if not _STUDY_UID.fullmatch(str(identifiers[index].get("value"))):
            yield ["identifier", index], "the Study Instance UID is not written as urn:oid: and the UID (hr-study-1)"
    for index, one in enumerate(identifiers):
        if "value" not in one and any(each.get("code") == "ACSN" for each in one.get("type", {}).get("coding", ())):
            yield ["identifier", index], "an accession number needs a value"
    if "subject" not in resource:
        yield [], "a recognised imaging study needs a subject"


_STUDY_UID = re.compile(r"urn:oid:[0-2](\.[0-9]+)+", re.ASCII)


def _endpoint_profile(resource: Json) -> Found:
    if not _HTTP.fullmatch(str(resource.get("address"))):
        yield ["address"], "images are had over http or https (hr-endpoint-1)"


_HTTP = re.compile(r"https?://[^ ]+")


def _patient_profile(resource: Json) -> Found:
    for index, identifier in enumerate(resource.get("identifier", ())):
        if "value" not in identifier:
            yield ["identifier", index], "an identifier of a recognised patient needs a value"


def _specimen_profile(resource: Json) -> Found:
    del resource
    yield from ()


_PROFILE_RULES: dict[str, tuple[str, Callable[[Any], Found]]] = {
    "recognised-lab-result": ("Observation", _result_profile),
    "recognised-lab-report": ("DiagnosticReport", _lab_report_profile),
    "recognised-imaging-report": ("DiagnosticReport", _imaging_report_profile),
    "recognised-imaging-study": ("ImagingStudy", _imaging_study_profile),
    "imaging-endpoint": ("Endpoint", _endpoint_profile),
    "recognised-patient": ("Patient", _patient_profile),
    "recognised-specimen": ("Specimen", _specimen_profile),
}
