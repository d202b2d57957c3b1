"""The recognition flag (互认标识) as the FHIR extension ``recognition-flag``."""

from __future__ import annotations

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType, RecognitionFlag
from fhir_hr.model.when import Period, Precision
from fhir_hr.render.datatypes import PROFILE, clean, coding, period
from fhir_hr.render.encode import Json

__all__ = ["FLAG", "flag_extension", "forbidden"]

FLAG = f"{PROFILE}recognition-flag"
_SCOPES = f"{CANONICAL}/CodeSystem/recognition-scope"
_MARKS = f"{CANONICAL}/CodeSystem/recognition-mark"


def forbidden(flag: RecognitionFlag) -> str | None:
    """Say why this flag may not be written, or return ``None``.

    A result that failed external quality assessment is never marked (四川省医疗机构检查检验结果互认工作
    实施方案 三(一)); invariant ``hr-flag-1`` of the extension says the same.
    """
    for evidence in flag.evidence:
        if evidence.type is EvidenceType.EQA and evidence.result is EvidenceResult.FAILED:
            return "the item failed external quality assessment (室间质评不合格); no mark was written"
    if not flag.mark.scopes:
        return "the mark names no jurisdiction that it is valid in; no mark was written"
    return None


def flag_extension(flag: RecognitionFlag) -> Json:
    """Return the extension for a flag."""
    parts: list[Json] = [
        {"url": "scope", "valueCoding": {"system": _SCOPES, "code": scope}} for scope in flag.mark.scopes
    ]
    parts.append({"url": "label", "valueString": flag.mark.text})
    parts.append({"url": "mark", "valueCoding": {"system": _MARKS, "code": flag.mark.code, "display": flag.mark.text}})
    parts.append({"url": "basis", "valueCode": flag.basis.value})
    # hr-flag-2: an item without the list that it stands on says nothing.
    if flag.item is not None and flag.list_uri:
        parts.append({"url": "item", "valueCoding": coding(flag.item)})
    if flag.list_uri:
        parts.append({"url": "list", "valueUri": flag.list_uri})
    if flag.list_version:
        parts.append({"url": "listVersion", "valueString": flag.list_version})
    if authority := clean(flag.authority):
        parts.append({"url": "authority", "valueReference": {"display": authority}})
    if flag.valid_until is not None and flag.valid_until.precision >= Precision.DAY:
        parts.append({"url": "validUntil", "valueDate": flag.valid_until.iso[:10]})
    parts.extend(_evidence(evidence) for evidence in flag.evidence)
    return {"url": FLAG, "extension": parts}


def _evidence(evidence: Evidence) -> Json:
    parts: list[Json] = [
        {"url": "type", "valueCode": evidence.type.value},
        {"url": "result", "valueCode": evidence.result.value},
    ]
    if evidence.start is not None or evidence.end is not None:
        span = period(Period(start=evidence.start, end=evidence.end))
        parts.append({"url": "period", "valuePeriod": span})
    if issuer := clean(evidence.issuer):
        parts.append({"url": "issuer", "valueString": issuer})
    if document := clean(evidence.document):
        parts.append({"url": "document", "valueReference": {"display": document}})
    return {"url": "evidence", "extension": parts}
