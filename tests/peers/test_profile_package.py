"""The profile build and its packages: reproducible, equal to what is committed, usable by a foreign tool."""

import gzip
import io
import json
import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

PROFILES = Path(__file__).resolve().parents[2] / "profiles" / "fhir"
DEFAULT_BASE = "https://fhir-hr.example/fhir"


def package(release):
    return next((PROFILES / "dist").glob(f"*.{release.lower()}-*.tgz"))


def members(path):
    with tarfile.open(path, "r:gz") as archive:
        return {m.name: (m, archive.extractfile(m).read()) for m in archive.getmembers()}


# ---- what needs SUSHI ---------------------------------------------------------------------------------


@pytest.mark.peer
def test_committed_files_are_what_the_source_gives(toolchain, profile_build, release):
    config = profile_build.read_config()
    resources = profile_build.generate(release, config=config, toolchain=toolchain)
    files = profile_build.release_files(release, resources, config=config)
    assert profile_build.differences(files, PROFILES, release=release) == []


@pytest.mark.peer
def test_another_authority_gets_the_whole_package_under_its_base(toolchain, profile_build, release, tmp_path, capsys):
    arguments = ["--release", release, "--canonical", "https://authority.example/hr", "--out", str(tmp_path)]
    assert profile_build.main(arguments) == 0
    assert f"{release}: " in capsys.readouterr().out
    texts = {p.name: p.read_text("utf-8") for p in (tmp_path / release.lower()).rglob("*.json")}
    assert len(texts) == len(list((PROFILES / release.lower()).rglob("*.json")))
    assert [name for name, text in texts.items() if DEFAULT_BASE in text] == []
    flag = json.loads(texts["StructureDefinition-recognition-flag.json"])
    assert flag["url"] == "https://authority.example/hr/StructureDefinition/recognition-flag"
    (packed,) = (tmp_path / "dist").glob("*.tgz")
    assert json.loads(members(packed)["package/package.json"][1])["canonical"] == "https://authority.example/hr"


DOWNSTREAM = """
Profile: CityLabReport
Parent: RecognisedLabReport
Id: city-lab-report
Title: "Report of a city"
Description: "A profile of another guide on ours"
* extension[recognition] 1..1
* result 1..*

Instance: city-report
InstanceOf: CityLabReport
Usage: #example
* status = #final
* category[laboratory] = http://terminology.hl7.org/CodeSystem/v2-0074#LAB
* code.text = "血常规"
* subject.reference = "Patient/p"
* result.reference = "Observation/o"
* extension[recognition].extension[scope].valueCoding = RecognitionScope#cn-51
* extension[recognition].extension[label].valueString = "川内HR"
* extension[recognition].extension[mark].valueCoding = RecognitionMark#chuannei-hr
* extension[recognition].extension[basis].valueCode = #printed-on-report
"""


@pytest.mark.peer
def test_a_downstream_guide_profiles_our_report(toolchain, official_validator, release, tmp_path):
    config = json.loads((PROFILES / "config.json").read_text("utf-8"))
    name, version = config["releases"][release]["package"], config["version"]
    cache = tmp_path / "home" / ".fhir" / "packages"
    cache.mkdir(parents=True)
    for core in (toolchain.home / ".fhir" / "packages").iterdir():
        (cache / core.name).symlink_to(core)
    with tarfile.open(package(release), "r:gz") as archive:
        # Our own archive; the filter came to Python 3.11 with its fourth patch.
        options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(cache / f"{name}#{version}", **options)
    project = tmp_path / "guide"
    (project / "input" / "fsh").mkdir(parents=True)
    (project / "input" / "fsh" / "city.fsh").write_text(DOWNSTREAM, "utf-8")
    fhir = config["releases"][release]["fhirVersion"]
    (project / "sushi-config.yaml").write_text(
        "canonical: https://city.example/fhir\nname: City\nid: example.city\nstatus: draft\nversion: 1.0.0\n"
        f"fhirVersion: {fhir}\nFSHOnly: true\ndependencies:\n  {name}: {version}\n",
        "utf-8",
    )
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "FPL_REGISTRY": "http://127.0.0.1:9"}
    command = ["node", str(toolchain.sushi()), "build", "-s", str(project)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert " 0 Errors" in result.stdout, result.stdout
    assert f"Loaded {name}#{version}" in result.stdout
    made = project / "fsh-generated" / "resources"
    profile = json.loads((made / "StructureDefinition-city-lab-report.json").read_text("utf-8"))
    assert profile["baseDefinition"] == f"{DEFAULT_BASE}/StructureDefinition/recognised-lab-report"
    flags = [e for e in profile["snapshot"]["element"] if e["id"] == "DiagnosticReport.extension:recognition"]
    assert [(e["min"], e["max"]) for e in flags] == [(1, "1")]
    instance = json.loads((made / "DiagnosticReport-city-report.json").read_text("utf-8"))
    instance["meta"]["profile"] = [profile["baseDefinition"]]
    assert official_validator.errors(json.dumps(instance).encode()) == []


# ---- what needs nothing ---------------------------------------------------------------------------------


def test_the_package_holds_the_committed_files(release):
    inside = members(package(release))
    folder = PROFILES / release.lower()
    for path in folder.rglob("*.json"):
        place = "package/example" if path.parent.name == "examples" else "package"
        assert inside[f"{place}/{path.name}"][1] == path.read_bytes(), path.name
    assert len(inside) == len(list(folder.rglob("*.json"))) + 3


def test_the_package_has_no_owner_no_time_and_a_manifest_first(release):
    inside = members(package(release))
    assert next(iter(inside)) == "package/package.json"
    assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m, _ in inside.values()} == {(0, 0, 0, "", 0o644)}
    assert package(release).read_bytes()[4:8] == bytes(4)  # the time in gzip's header


def test_the_manifest_and_the_index(release):
    inside = members(package(release))
    manifest = json.loads(inside["package/package.json"][1])
    assert manifest["name"] == f"cn.fhir-hr.{release.lower()}"
    assert manifest["version"] == "0.1.0"
    assert manifest["license"] == "CC0-1.0"
    assert manifest["fhirVersions"] == [{"R4": "4.0.1", "R5": "5.0.0"}[release]]
    for folder in ("package", "package/example"):
        index = json.loads(inside[f"{folder}/.index.json"][1])
        assert index["index-version"] == 2
        listed = {f"{folder}/{row['filename']}" for row in index["files"]}
        present = {
            n for n in inside if n.rpartition("/")[0] == folder and not n.endswith((".index.json", "package.json"))
        }
        assert listed == present


def test_every_definition_is_stamped(release):
    config = json.loads((PROFILES / "config.json").read_text("utf-8"))
    for path in (PROFILES / release.lower()).glob("*.json"):
        resource = json.loads(path.read_text("utf-8"))
        stamped = {key: resource[key] for key in ("version", "date", "status", "experimental", "publisher")}
        assert stamped == {key: config[key] for key in stamped}, path.name
        assert resource["url"] == f"{DEFAULT_BASE}/{resource['resourceType']}/{resource['id']}"
        assert path.name == f"{resource['resourceType']}-{resource['id']}.json"


def test_both_releases_define_the_same():
    names = [{p.name.replace(".r5.", ".r4.") for p in (PROFILES / r).rglob("*.json")} for r in ("r4", "r5")]
    assert names[0] == names[1]


def test_packing_does_not_depend_on_order(profile_build):
    config = profile_build.read_config()
    resources = [json.loads(p.read_text("utf-8")) for p in (PROFILES / "r4").rglob("*.json")]
    first = profile_build.release_files("R4", resources, config=config)
    random.Random(1).shuffle(resources)
    assert profile_build.release_files("R4", resources, config=config) == first


def test_check_names_every_kind_of_difference(profile_build, tmp_path):
    files = {"r4/a.json": b"{}", "r4/b.json": b"{}", "dist/x.tgz": gzip.compress(b"one")}
    profile_build.write(files, tmp_path, release="R4")
    assert profile_build.differences(files, tmp_path, release="R4") == []
    (tmp_path / "r4" / "a.json").unlink()
    (tmp_path / "r4" / "b.json").write_bytes(b"[]")
    (tmp_path / "r4" / "c.json").write_bytes(b"{}")
    (tmp_path / "dist" / "x.tgz").write_bytes(gzip.compress(b"two"))
    found = profile_build.differences(files, tmp_path, release="R4")
    assert found == [
        "differs: dist/x.tgz",
        "missing: r4/a.json",
        "differs: r4/b.json",
        "not generated: r4/c.json",
    ]


def test_check_ignores_how_hard_the_archive_was_compressed(profile_build, tmp_path):
    files = {"dist/x.tgz": gzip.compress(b"one" * 100, compresslevel=9)}
    profile_build.write({"dist/x.tgz": gzip.compress(b"one" * 100, compresslevel=1)}, tmp_path, release="R4")
    assert profile_build.differences(files, tmp_path, release="R4") == []


@pytest.mark.parametrize("base", ["authority.example/fhir", "https://authority.example/fhir/", "urn:oid:1.2"])
def test_a_base_that_is_no_address_is_refused(profile_build, base, capsys):
    with pytest.raises(SystemExit) as stop:
        profile_build.main(["--release", "R4", "--canonical", base])
    assert stop.value.code == 2
    assert "an http(s) address without a final slash is needed" in capsys.readouterr().err


def test_a_placeholder_without_a_setting_is_named_with_its_line(profile_build):
    with pytest.raises(ValueError, match=r"^x\.fsh:2: no setting named 'canonnical'$"):
        profile_build.fsh.prepare_text(
            "ok\n* {{canonnical}}\n", release="R4", settings={"canonical": "c"}, name="x.fsh"
        )


def test_a_table_without_its_column_is_named(profile_build, tmp_path):
    for path in (profile_build.tables.REASONS, profile_build.tables.MARKS, profile_build.tables.GRADES):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("code,zh\n", "utf-8")
    with pytest.raises(ValueError, match=r"reason-codes\.csv: column 'en' is missing"):
        profile_build.tables.concept_settings(tmp_path, canonical="https://authority.example")


def test_a_core_package_with_another_digest_is_refused(profile_build, tmp_path, monkeypatch):
    chain = profile_build.fetch.Toolchain(tmp_path, lockfile_folder=PROFILES)
    monkeypatch.setattr(chain, "_packed", lambda name: b"something else")
    with pytest.raises(
        profile_build.fetch.ToolMissingError, match=r"hl7\.fhir\.r4\.core\.tgz: sha256 is .*, not b090bf92"
    ):
        chain.core_packages("R4")
    assert not (tmp_path / "sushi").exists()


def test_a_missing_program_is_named(profile_build, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    chain = profile_build.fetch.Toolchain(tmp_path, lockfile_folder=PROFILES)
    with pytest.raises(profile_build.fetch.ToolMissingError, match=r"^npm not found$"):
        chain.sushi()


def test_tar_bytes_are_a_plain_archive(profile_build):
    with tarfile.open(fileobj=io.BytesIO(profile_build.pack.tar_bytes({"package/a": b"1"}))) as archive:
        assert archive.getnames() == ["package/a"]
