"""Header of a query row, until the reader of datasets is there."""

from __future__ import annotations

from typing import Any

import msgspec

from fhir_hr.adapters.dicom.charset import charset_of, decode_name, decode_text
from fhir_hr.adapters.dicom.header import Header
from fhir_hr.adapters.dicom.stated import keyword
from fhir_hr.issues import Outcome


def header_of_dataset(dataset: Any) -> Outcome[Header]:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    raw = dataset.get_item(0x00080005)
    terms = [] if raw is None or not raw.value else raw.value.decode("ascii").split("\\") if isinstance(raw.value, bytes) else [str(dataset.SpecificCharacterSet)]
    charset = charset_of(terms)
    issues = list(charset.issues)
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(Header):
        tag = tag_for_keyword(keyword(field.name).replace("Sop", "SOP"))
        if tag is None or tag not in dataset or dictionary_VR(tag) == "SQ":
            continue
        item = dataset.get_item(tag)
        value = item.value
        if not isinstance(value, bytes):
            value = str(value or "").encode()
        decoded = (decode_name if dictionary_VR(tag) == "PN" else decode_text)(value, charset)
        if decoded.issue:
            issues.append(decoded.issue)
        text = decoded.text.strip(" \0")
        if field.default == ():
            found[field.name] = tuple(p.strip() for p in text.split("\\") if p.strip())
        else:
            found[field.name] = text or None
    return Outcome(Header(**found), tuple(issues))
