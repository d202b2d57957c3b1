"""The public lists of a pack: institutions as Organization, listing and suspension as OrganizationAffiliation."""

from __future__ import annotations

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.outputs.packs.naming import period
from fhir_hr.render.encode import Json
from fhir_hr.render.ids import IdMaker
from fhir_hr.render.release import Release
from fhir_hr.rules.plain_words import word
from fhir_hr.rules.schema import InstitutionRow, PackContent, SuspensionRow

__all__ = ["institutions"]

USCC = "urn:oid:2.16.156.10011.1.5"
_TIERS = {1: "一级", 2: "二级", 3: "三级"}


def institutions(content: PackContent, *, release: Release) -> list[Json]:
    """Return the jurisdiction as an Organization, each institution once, and an affiliation for each row."""
    if not content.institutions and not content.suspensions:
        return []
    ids = IdMaker(sender=content.pack)
    own = ids.make("Organization", content.jurisdiction)
    made: list[Json] = [
        {
            "resourceType": "Organization",
            "id": own,
            "identifier": [{"system": f"{CANONICAL}/jurisdiction", "value": content.jurisdiction}],
            "active": True,
            "name": content.authority or content.title,
        }
    ]
    names = {row.uscc: row for row in content.institutions}
    codes = dict.fromkeys([*names, *(row.uscc for row in content.suspensions)])
    made += [_organization(code, names.get(code), ids, release) for code in codes]
    for row in content.institutions:
        key = f"listed|{row.uscc}|{row.start or ''}"
        made.append(_affiliation(ids, key, own, row.uscc, "互认机构", row.start, row.end))
    for each in content.suspensions:
        made.append(_suspension(ids, own, each, content))
    return made


def _organization(code: str, row: InstitutionRow | None, ids: IdMaker, release: Release) -> Json:
    made: Json = {
        "resourceType": "Organization",
        "id": ids.make("Organization", code),
        "identifier": [{"system": USCC, "value": code}],
    }
    if row is None:
        return made
    said = []
    if row.tier is not None:
        said.append(f"{_TIERS.get(row.tier, str(row.tier))}{f'{row.grade.value}等' if row.grade else ''}")
    said += [word(value, "zh") for value in (row.ownership, row.type) if value is not None]
    if said:
        made["type"] = [{"text": text} for text in said]
    made["name"] = row.name
    if row.division:
        address: Json = {"district": row.division, "country": "CN"}
        if release is Release.R4:
            made["address"] = [address]
        else:
            made["contact"] = [{"address": address}]
    return made


def _affiliation(ids: IdMaker, key: str, own: str, code: str, words: str, start: str | None, end: str | None) -> Json:
    made: Json = {
        "resourceType": "OrganizationAffiliation",
        "id": ids.make("OrganizationAffiliation", key),
        "organization": {"reference": f"Organization/{own}"},
        "participatingOrganization": {"reference": f"Organization/{ids.make('Organization', code)}"},
        "code": [{"text": words}],
    }
    within = period(start, end)
    if within is not None:
        made["period"] = within
    return made


def _suspension(ids: IdMaker, own: str, row: SuspensionRow, content: PackContent) -> Json:
    key = f"suspended|{row.uscc}|{row.item or ''}|{row.start or ''}"
    words = f"暂停互认：{row.reason}" if row.reason else "暂停互认"
    made = _affiliation(ids, key, own, row.uscc, words, row.start, row.end)
    if row.item is not None and content.item_system is not None:
        made["specialty"] = [{"coding": [{"system": content.item_system, "code": row.item}]}]
    return made
