"""A pack as a FHIR package: what is in it, ids, digests, and the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import pytest

from fhir_hr.cli.rules.new import new_files
from fhir_hr.errors import InvariantError
from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.outputs.packs import export_pack, package
from fhir_hr.render import Release
from fhir_hr.rules.load import builtin_pack, builtin_packs, compile_pack
from fhir_hr.rules.pack import canonical_json, digest_of
from fhir_hr.rules.schema import PackContent

# Invented institutions; the numbers have right check characters.
ONE, OTHER = "12510000MB0000000K", "12510000MB0000001F"


def rich_pack() -> PackContent:
    files = new_files(division="510100", title="测试规则", kind="imaging", mark="chuannei-hr")
    files = {name: data for name, data in files.items() if "/" not in name}
    files["pack.yaml"] = files["pack.yaml"].replace(b"institutions_state: absent", b"institutions_state: partial")
    files["institutions.csv"] = (
        "uscc,name,tier,grade,ownership,division,from,to,assessed_from,clause,type\n"
        f"{ONE},甲医院,3,甲,public,510104,2026-01-01,,,,hospital\n"
        f"{OTHER},乙医院,2,,private,510107,2026-01,2026-12,,,\n"
    ).encode()
    files["suspensions.csv"] = (
        "uscc,item,from,to,reason,clause\n"
        f"{ONE},cn-5101-imaging-01,2026-05-01,2026-05-31,质评不合格,\n"
        f"{ONE},,2026-07,,,\n"
    ).encode()
    return compile_pack(files)


def by_type(content: PackContent, kind: str, release: Release = Release.R4) -> list[dict[str, Any]]:
    return [each for each in export_pack(content, release=release).resources if each["resourceType"] == kind]


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {each.name: archive.extractfile(each).read() for each in archive.getmembers()}


class TestLibrary:
    def test_the_content_is_the_pack_byte_for_byte(self):
        content = builtin_pack("cn-51-lab").content
        [library] = by_type(content, "Library")
        [attached] = library["content"]
        assert attached["contentType"] == "application/json"
        data = base64.b64decode(attached["data"])
        assert data == canonical_json(content)
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" in [each["value"] for each in library["identifier"]]
        assert f"sha256:{digest_of(content)}" == library["identifier"][1]["value"]

    def test_head_and_period(self):
        [library] = by_type(builtin_pack("cn-51-lab").content, "Library")
        assert library["id"] == "pack-cn-51-lab"
        assert library["url"] == f"{CANONICAL}/Library/pack-cn-51-lab"
        assert library["name"] == "PackCn51Lab"
        assert library["effectivePeriod"] == {"start": "2022-08"}
        assert library["publisher"] == "四川省卫生健康委员会"
        assert library["jurisdiction"][0]["text"] == "GB/T 2260 510000"
        assert library["type"]["coding"][0]["code"] == "asset-collection"

    def test_every_clause_is_cited_and_every_neighbour_named(self):
        content = builtin_pack("cn-51-lab").content
        [library] = by_type(content, "Library")
        cited = [each for each in library["relatedArtifact"] if each["type"] == "citation"]
        clauses = [clause for document in content.documents for clause in document.clauses]
        assert [each["citation"] for each in cited] == [clause.text for clause in clauses]
        needed = [each["resource"] for each in library["relatedArtifact"] if each["type"] == "depends-on"]
        beside = [each["url"] for each in export_pack(content, release=Release.R4).resources[1:] if "url" in each]
        assert needed == beside

    def test_gaps_stand_in_the_description(self):
        [library] = by_type(builtin_pack("cn-1401-imaging").content, "Library")
        assert "缺：" in library["description"]


class TestTerminology:
    def test_items_with_what_the_list_says(self):
        [items, reasons] = by_type(rich_pack(), "CodeSystem")
        assert items["content"] == "fragment"
        assert items["url"] == rich_pack().item_system
        first, second = items["concept"]
        assert (first["code"], first["display"]) == ("cn-5101-imaging-01", "胸部平扫")
        assert {"code": "contrast", "valueString": "plain"} in first["property"]
        assert {"code": "window-days", "valueInteger": 7} in second["property"]
        used = {each["code"] for concept in items["concept"] for each in concept["property"]}
        assert {each["code"] for each in items["property"]} == used
        assert reasons["content"] == "complete"
        assert {"code": "counts-as-refusal", "valueBoolean": True} in reasons["concept"][0]["property"]
        assert reasons["concept"][0]["designation"][0]["language"] == "en"

    def test_a_complete_list_is_complete(self):
        items = by_type(builtin_pack("cn-51-lab").content, "CodeSystem")[0]
        assert (items["content"], len(items["concept"])) == ("complete", 16)

    def test_an_absent_list_is_not_made_up(self):
        content = builtin_pack("cn-1401-imaging").content
        assert all("recognised-item" not in each["id"] for each in by_type(content, "CodeSystem"))

    def test_value_sets_hold_all_of_their_system(self):
        for content in (rich_pack(), builtin_pack("cn-51-lab").content):
            systems = [each["url"] for each in by_type(content, "CodeSystem")]
            sets = by_type(content, "ValueSet")
            assert [each["compose"]["include"] for each in sets] == [[{"system": url}] for url in systems]
            assert all(each["name"].endswith("VS") for each in sets)


class TestInstitutions:
    def test_each_institution_once_and_an_affiliation_for_each_row(self):
        organizations = by_type(rich_pack(), "Organization")
        affiliations = by_type(rich_pack(), "OrganizationAffiliation")
        assert [each["identifier"][0]["value"] for each in organizations] == ["cn-5101", ONE, OTHER]
        assert [each["text"] for each in organizations[1]["type"]] == ["三级甲等", "公立", "医院"]
        assert organizations[1]["address"] == [{"district": "510104", "country": "CN"}]
        assert by_type(rich_pack(), "Organization", Release.R5)[1]["contact"] == [
            {"address": {"district": "510104", "country": "CN"}}
        ]
        said = [(each["code"][0]["text"], each.get("period")) for each in affiliations]
        assert said == [
            ("互认机构", {"start": "2026-01-01"}),
            ("互认机构", {"start": "2026-01", "end": "2026-12"}),
            ("暂停互认：质评不合格", {"start": "2026-05-01", "end": "2026-05-31"}),
            ("暂停互认", {"start": "2026-07"}),
        ]
        assert affiliations[2]["specialty"][0]["coding"][0]["code"] == "cn-5101-imaging-01"
        assert "specialty" not in affiliations[3]
        known = {f"Organization/{each['id']}" for each in organizations}
        for each in affiliations:
            assert each["organization"]["reference"] == f"Organization/{organizations[0]['id']}"
            assert each["participatingOrganization"]["reference"] in known

    def test_ids_depend_on_nothing_but_the_keys(self):
        one = [each["id"] for each in export_pack(rich_pack(), release=Release.R4).resources]
        other = [each["id"] for each in export_pack(rich_pack(), release=Release.R5).resources]
        assert one == other
        assert len(set(one)) == len(one) - 2  # a code system and its value set share their id

    def test_without_lists_there_are_none(self):
        assert by_type(builtin_pack("cn-51-lab").content, "Organization") == []


class TestPackage:
    @pytest.mark.parametrize("release", list(Release))
    def test_the_same_pack_gives_the_same_bytes(self, release):
        one, other = export_pack(rich_pack(), release=release), export_pack(rich_pack(), release=release)
        assert one.data == other.data
        assert one.name == f"cn.fhir-hr.cn-5101-imaging.{release.value.lower()}-2026.1.0.tgz"
        assert gzip.decompress(one.data)[257:262] == b"ustar"

    @pytest.mark.parametrize("pack", builtin_packs(), ids=lambda pack: pack.content.pack)
    @pytest.mark.parametrize("release", list(Release))
    def test_manifest_and_index_name_what_is_there(self, pack, release):
        made = export_pack(pack.content, release=release)
        files = members(made.data)
        manifest = json.loads(files["package/package.json"])
        assert next(iter(files)) == "package/package.json"
        assert manifest["fhirVersions"] == [{"R4": "4.0.1", "R5": "5.0.0"}[release.value]]
        assert manifest["version"] == pack.content.version
        index = json.loads(files["package/.index.json"])
        names = [f"package/{each['filename']}" for each in index["files"]]
        assert sorted(names) == sorted(set(files) - {"package/package.json", "package/.index.json"})
        assert [json.loads(files[name]) for name in names] == list(made.resources)
        assert b"null" not in b"".join(data for name, data in files.items() if "Library" not in name)

    def test_what_is_not_valid_is_not_written(self, monkeypatch):
        def broken(_content, *, release):
            return [{"resourceType": "Organization", "id": "x", "active": "yes"}]

        monkeypatch.setattr(package, "institutions", broken)
        with pytest.raises(InvariantError, match=r"Organization-x\.json: .*active"):
            export_pack(rich_pack(), release=Release.R4)
