"""``fhir-hr demo``: same bytes every time, invented people only, and every terminal."""

from __future__ import annotations

import json
import re

import pytest

from fhir_hr.cli.demo import DATA, STORE

WRITTEN = [
    "decisions.json",
    "evidence.json",
    "fhir-r4/hospital-a-blood-count.r4.json",
    "fhir-r4/hospital-a-liver.r4.json",
    "fhir-r4/hospital-b-serology-renal.r4.json",
    "fhir-r5/hospital-a-blood-count.r5.json",
    "fhir-r5/hospital-a-liver.r5.json",
    "fhir-r5/hospital-b-serology-renal.r5.json",
    "messages/hospital-a-blood-count.oru-r01.gb18030.hl7",
    "messages/hospital-a-liver.oru-r01.gb18030.hl7",
    "messages/hospital-b-serology-renal.oul-r24.utf-8.hl7",
    "order.json",
]


def files(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(STORE)
    )


def test_what_it_writes_twice_is_the_same(cli, tmp_path):
    first = cli("demo", "--out", tmp_path / "out")
    assert (first.code, first.err) == (0, "")
    assert files(tmp_path / "out") == WRITTEN
    before = {name: (tmp_path / "out" / name).read_bytes() for name in WRITTEN}
    assert cli("demo", "--out", tmp_path / "out").out == first.out
    assert {name: (tmp_path / "out" / name).read_bytes() for name in WRITTEN} == before


def test_all_four_outcomes_and_what_to_try_next(cli, tmp_path):
    cli("demo", "--out", tmp_path / "out")
    decisions = json.loads((tmp_path / "out" / "decisions.json").read_bytes())
    assert {item["outcome"] for item in decisions["items"]} == {"must", "may", "not", "indeterminate"}
    done = cli("demo", "--out", tmp_path / "out")
    commands = re.findall(r"^ {4}fhir-hr (.*)$", done.out, re.MULTILINE)
    assert len(commands) == 3


def test_what_it_says_to_try_works(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("demo", "--out", "out")
    for command in re.findall(r"^ {4}fhir-hr (.*)$", done.out, re.MULTILINE):
        assert cli(*command.split()).code == 0, command


def test_no_line_is_wider_than_80_columns(process):
    from rich.cells import cell_len

    done = process("demo", "--out", "o", PYTHONUTF8="1")
    assert done.returncode == 0
    tables = [line for line in done.stdout.decode().splitlines() if not line.startswith("    fhir-hr")]
    assert max(cell_len(line) for line in tables) <= 80
    # A table that is too wide is cut on its right: every line has its border and its full width.
    rows = [line for line in tables if line.startswith(("│", "┃", "┏", "┡", "├", "└"))]
    assert {line[-1] for line in rows} == {"│", "┃", "┓", "┩", "┤", "┘"}
    assert {cell_len(line) for line in rows} == {80}


def test_the_messages_are_what_they_claim():
    raw = (DATA / "messages" / "hospital-a-blood-count.oru-r01.gb18030.hl7").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    text = raw.decode("gb18030")
    assert text.count("OBX|") == 22
    assert "|10^9/L|" in text
    assert "|19880315|1" in text
    assert {"↑", "↓"} <= set(text)
    oul = (DATA / "messages" / "hospital-b-serology-renal.oul-r24.utf-8.hl7").read_bytes().decode("utf-8")
    assert oul.index("SPM|") < oul.index("OBX|")


def test_nobody_in_it_exists():
    for path in (*(DATA / "messages").iterdir(), DATA / "order.json"):
        text = path.read_bytes().decode("gb18030" if "gb18030" in path.name else "utf-8")
        cards = re.findall(r"\b\d{17}[\dX]\b", text)
        assert {card[:6] for card in cards} == {"999999"}  # a division that GB/T 2260 does not have
        assert set(re.findall(r"测试\s*甲", text)) != set()


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "gbk"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"NO_COLOR": "1", "FORCE_COLOR": "1"},
        {"COLUMNS": "20"},
    ],
    ids=str,
)
def test_every_terminal(process, environment):
    done = process("demo", "--out", "o", **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    if environment.get("PYTHONIOENCODING") == "gbk":
        assert "应当互认" in done.stdout.decode("gbk")
    if environment.get("PYTHONIOENCODING") == "ascii":
        assert b"no repeat" in done.stdout
    if "NO_COLOR" in environment:
        assert b"\x1b[3" not in done.stdout


def test_a_folder_that_cannot_be_written(cli, tmp_path):
    (tmp_path / "f").write_text("x")
    done = cli("demo", "--out", tmp_path / "f")
    assert done.code == 2
    assert done.err.startswith("fhir-hr: the output folder")
