"""``fhir-hr imaging convert``: Bundles out, and every file given accounted for."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from fhir_hr.testing.dicom import dataset, file_bytes, uid, write_study


def lines_of(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def mixed(tmp_path):
    folder = tmp_path / "in"
    write_study(folder / "a", 3, study="A")
    write_study(folder / "b", 2, study="B")
    (folder / "again").write_bytes(file_bytes(dataset(study="A", number=1)))
    (folder / "note.txt").write_text("hello")
    return folder


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_one_bundle_per_study_and_a_line_for_everything(cli, mixed, tmp_path, release):
    out, report = tmp_path / "out", tmp_path / "report.jsonl"
    done = cli("imaging", "convert", mixed, "--release", release, "--out", out, "--report", report)
    lines = lines_of(report)
    studies = [line for line in lines if line["study_uid"]]
    others = [line for line in lines if not line["study_uid"]]
    assert {line["study_uid"] for line in studies} == {uid("A"), uid("B")}
    assert sorted((line["files_read"], line["series"], line["instances"]) for line in studies) == [(2, 1, 2), (4, 1, 3)]
    assert [Path(name).name for line in others for name in line["sources"]] == ["note.txt"]
    assert others[0]["issues"][0]["code"] == "not-dicom"
    assert {line["bundle"] for line in studies} == {path.name for path in out.iterdir()}
    given = sum(len(files) for _, _, files in os.walk(mixed))
    assert given == sum(line["files_read"] for line in lines)
    assert done.code == 1  # a file was left over


def test_the_line_has_the_fields_of_the_issue_in_order(cli, mixed, tmp_path):
    report = tmp_path / "report.jsonl"
    cli("imaging", "convert", mixed, "--report", report, "--quiet")
    assert list(lines_of(report)[0]) == [
        "study_uid",
        "sources",
        "files_read",
        "series",
        "instances",
        "issues",
        "bundle",
    ]
    assert lines_of(report)[0]["bundle"] is None


def test_the_table_is_chinese_and_names_no_patient(cli, mixed, tmp_path):
    done = cli("imaging", "convert", mixed, "--out", tmp_path / "out")
    assert "6 个文件" not in done.out
    assert "7 个文件：2 个检查，1 个文件不属于任何检查" in done.out
    assert "cn-51-img-26" in done.out
    assert "测试甲" not in done.out + done.err
    assert "T0001" not in done.out + done.err


def test_the_sums_as_json(cli, mixed, tmp_path):
    done = cli("imaging", "convert", mixed, "--out", tmp_path / "out", "--json")
    assert {key: done.json[key] for key in ("files", "studies", "left_over", "images", "duplicates")} == {
        "files": 7,
        "studies": 2,
        "left_over": 1,
        "images": 5,
        "duplicates": 1,
    }


def test_a_clean_folder_is_clean(cli, tmp_path):
    write_study(tmp_path / "in", 2, TimezoneOffsetFromUTC="+0800")
    assert cli("imaging", "convert", tmp_path / "in", "--out", tmp_path / "out").code == 0


def test_no_study_is_said(cli, tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    done = cli("imaging", "convert", tmp_path / "note.txt", "--out", tmp_path / "out")
    assert (done.code, "no study was found" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to write: give --out or --report"),
        (("--report", "-", "--json"), "both write to standard output"),
        (("--out", "o", "--wado-root", "ftp://x"), "'ftp://x' is no http(s) address"),
    ],
)
def test_a_wrong_call_is_told(cli, tmp_path, words, said):
    done = cli("imaging", "convert", tmp_path, *words)
    assert (done.code, said in done.err) == (2, True)


def test_names_of_files_that_are_no_text_do_not_stop_the_report(cli, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / os.fsdecode(b"\xff\xfe.dcm")).write_bytes(file_bytes(dataset()))
    report = tmp_path / "report.jsonl"
    cli("imaging", "convert", tmp_path / "in", "--report", report)
    assert len(lines_of(report)) == 1


def test_a_zip_whose_files_were_all_taken_is_no_finding(cli, tmp_path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.writestr("IM1", file_bytes(dataset(TimezoneOffsetFromUTC="+0800")))
    done = cli("imaging", "convert", tmp_path / "study.zip", "--out", tmp_path / "out", "--json")
    assert (done.code, done.json["left_over"], done.json["containers"]) == (0, 0, 1)
