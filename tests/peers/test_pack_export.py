"""Exported packs before the official validator: no error in any resource, R4 and R5."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_hr.cli.rules.new import new_files
from fhir_hr.outputs.packs import export_pack
from fhir_hr.render import Release
from fhir_hr.rules.load import builtin_packs, compile_pack

pytestmark = pytest.mark.peer

INSTITUTIONS = """\
uscc,name,tier,grade,ownership,division,from,to,assessed_from,clause
12510000MB0000000K,甲医院,3,甲,public,510104,2026-01-01,,,
"""
SUSPENSIONS = """\
uscc,item,from,to,reason,clause
12510000MB0000000K,cn-5101-lab-01,2026-05-01,2026-05-31,质评不合格,
"""


def contents() -> list[Any]:
    files = {name: data for name, data in new_files(division="510100", title="测试规则").items() if "/" not in name}
    files["pack.yaml"] = files["pack.yaml"].replace(b"institutions_state: absent", b"institutions_state: partial")
    files["institutions.csv"] = INSTITUTIONS.encode()
    files["suspensions.csv"] = SUSPENSIONS.encode()
    return [compile_pack(files), *(pack.content for pack in builtin_packs())]


def test_exported_packs_have_no_errors(official_validator: Any, release: str) -> None:
    """Every resource of every pack; and what the validator warns of is only what the text did not say."""
    seen = set()
    for content in contents():
        for resource in export_pack(content, release=Release(release)).resources:
            messages = official_validator.validate(json.dumps(resource, ensure_ascii=False).encode())
            name = f"{content.pack}: {resource['resourceType']}/{resource['id']}"
            assert (name, [str(one) for one in messages if one.is_error]) == (name, [])
            seen.add(resource["resourceType"])
    assert seen == {"Library", "CodeSystem", "ValueSet", "Organization", "OrganizationAffiliation"}
