"""``fhir-hr convert``: the report line of every message, also of those that could not be read."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from fhir_hr.errors import InvariantError
from fhir_hr.recognition import Converter

FIELDS = [
    "source", "index", "type", "control_id", "obx_read", "observations", "in_report", "rejected", "issues", "bundle",
]  # fmt: skip


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_folder_becomes_bundles_and_a_report(cli, messages, tmp_path):
    done = cli("convert", messages, "--out", tmp_path / "out", "--report", tmp_path / "r.jsonl")
    assert (done.code, done.err) == (0, "")
    report = lines(tmp_path / "r.jsonl")
    assert [list(line) for line in report] == [FIELDS] * 3
    first = report[0]
    assert first["source"] == str(messages / "hospital-a-blood-count.oru-r01.gb18030.hl7")
    assert (first["index"], first["type"], first["control_id"]) == (0, "ORU^R01", "A20260316000123")
    assert (first["obx_read"], first["observations"], first["in_report"], first["rejected"]) == (22, 22, 0, 0)
    assert all(list(issue) == ["code", "severity", "where", "message"] for issue in first["issues"])
    assert sorted(line["bundle"] for line in report) == names_in(tmp_path / "out")
    for line in report:
        bundle = json.loads((tmp_path / "out" / line["bundle"]).read_bytes())
        assert bundle["resourceType"] == "Bundle"


def test_file_names_hold_nothing_of_a_patient_and_are_the_same_again(cli, messages, tmp_path):
    for name in ("a", "b"):
        cli("convert", messages, "--out", tmp_path / name, "--release", "R5")
    names = names_in(tmp_path / "a")
    assert names == names_in(tmp_path / "b")
    assert all(re.fullmatch(r"[0-9a-f]{20}-\d{6}\.r5\.json", name) for name in names)
    assert [(tmp_path / "a" / n).read_bytes() for n in names] == [(tmp_path / "b" / n).read_bytes() for n in names]


def test_the_table_counts_by_folder(cli, messages, tmp_path):
    done = cli("--lang", "en", "convert", messages, messages / "none.hl7", "--out", tmp_path / "out")
    assert done.code == 1
    assert re.search(r"demo/messages\W+4\W+30\W+30\W+0\W+0\W+1\W+\d\W+\d+\W", done.out) is not None


def test_whatever_cannot_be_read_has_its_line(cli, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.hl7").write_bytes(b"")
    (folder / "b.hl7").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "c.hl7").write_bytes(b"MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.4\rPID|1||1\r")
    (folder / ".hidden").write_bytes(b"not looked at")
    os.mkfifo(folder / "d.pipe")
    (folder / "e.hl7").symlink_to(folder / "gone")
    done = cli("convert", folder, "--out", tmp_path / "out", "--report", tmp_path / "r.jsonl")
    assert done.code == 1
    report = lines(tmp_path / "r.jsonl")
    said = {line["source"].rsplit("/", 1)[1]: [issue["code"] for issue in line["issues"]] for line in report}
    assert set(said) == {"a.hl7", "b.hl7", "c.hl7", "d.pipe", "e.hl7"}
    assert "empty-input" in said["a.hl7"]
    assert "not-hl7" in said["b.hl7"]
    assert "message-type-unsupported" in said["c.hl7"]
    assert (said["d.pipe"], said["e.hl7"]) == (["unreadable"], ["unreadable"])
    assert [line["bundle"] for line in report] == [None] * 5
    assert report[3]["issues"][0]["message"] == "this is no regular file; it was not read"
    assert report[4]["issues"][0]["message"] == "the file could not be read: No such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(cli, tmp_path):
    path = tmp_path / "x.hl7"
    path.touch(mode=0)
    done = cli("convert", path, "--report", tmp_path / "r.jsonl")
    assert done.code == 1
    assert lines(tmp_path / "r.jsonl")[0]["issues"][0]["message"] == "the file could not be read: Permission denied"


def test_a_file_over_the_limit_is_refused_and_the_rest_goes_on(cli, messages, tmp_path):
    big = tmp_path / "big.hl7"
    with big.open("wb") as file:
        file.truncate(3 << 20)
    done = cli("convert", big, messages, "--max-mb", 2, "--report", tmp_path / "r.jsonl")
    assert done.code == 1
    report = lines(tmp_path / "r.jsonl")
    assert [issue["code"] for issue in report[0]["issues"]] == ["too-large"]
    assert report[0]["issues"][0]["message"] == (
        "the file is larger than 2 MiB; nothing of it was read (--max-mb sets the limit)"
    )
    assert [line["observations"] for line in report[1:]] == [22, 4, 4]


def test_standard_input_and_output(process, messages):
    data = (messages / "hospital-a-liver.oru-r01.gb18030.hl7").read_bytes()
    done = process("convert", "-", "--report", "-", stdin=data)
    assert (done.returncode, done.stderr) == (0, b"")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["observations"] == 4


def test_sums_for_machines(cli, messages, tmp_path):
    done = cli("convert", messages, "--out", tmp_path / "out", "--json")
    sums = json.loads(done.out)
    assert sums["total"]["obx_read"] == 30
    assert list(sums["folders"]) == [str(messages)]


def test_evidence_takes_the_mark_away(cli, messages, tmp_path):
    options = ("--out", tmp_path / "out", "--report", tmp_path / "r.jsonl")
    done = cli("convert", messages, *options, "--evidence", messages.parent / "evidence.json")
    assert done.code == 0
    codes = [issue["code"] for line in lines(tmp_path / "r.jsonl") for issue in line["issues"]]
    assert codes.count("mark-forbidden") == 1


def test_results_are_kept_and_a_training_message_is_not(cli, messages, tmp_path):
    data = (messages / "hospital-a-liver.oru-r01.gb18030.hl7").read_bytes()
    (tmp_path / "t.hl7").write_bytes(data.replace(b"|P|2.4", b"|T|2.4"))
    done = cli("convert", tmp_path / "t.hl7", "--store", tmp_path / "s.db", "--report", tmp_path / "r.jsonl")
    assert done.code == 0
    (line,) = lines(tmp_path / "r.jsonl")
    assert "a training message (T) is not kept: its results are nobody's" in [
        issue["message"] for issue in line["issues"]
    ]
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x.hl7",), "nothing to write: give --out, --report or --store"),
        (("x.hl7", "--out", "o", "--max-mb", "0"), "--max-mb must be 1 or more"),
        (("x.hl7", "--report", "-", "--json"), "--report - and --json both write to standard output; choose one"),
        (("x.hl7", "--out", "o", "--evidence", "none.json"), "evidence 'none.json': the file could not be read"),
    ],
)
def test_wrong_calls_are_one_line_and_exit_2(cli, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("convert", *words)
    assert done.code == 2
    assert done.err.startswith(f"fhir-hr: {said}")
    assert done.err.count("\n") == 1


def test_an_unknown_release_lists_those_there_are(cli):
    done = cli("convert", "x", "--release", "R6", "--out", "o")
    assert done.code == 2
    assert "invalid choice: 'R6'" in done.err


def test_a_broken_sender_profile_is_exit_4_with_file_and_line(cli, messages, tmp_path):
    (tmp_path / "mine.toml").write_text('id = "mine"\ntitle = "x"\nsource = "me"\ncolour = "red"\n')
    done = cli("convert", messages, "--senders", tmp_path, "--out", tmp_path / "out")
    assert done.code == 4
    assert done.err.startswith("fhir-hr: mine.toml:4: ")


def test_a_store_that_is_no_store_is_exit_5(cli, messages, tmp_path):
    (tmp_path / "s.db").write_bytes(b"x" * 5000)
    done = cli("convert", messages, "--store", tmp_path / "s.db")
    assert done.code == 5
    assert done.err == "fhir-hr: the store 's.db' could not be written: file is not a database\n"


def test_an_output_folder_that_is_a_file(cli, messages, tmp_path):
    (tmp_path / "out").write_text("x")
    done = cli("convert", messages, "--out", tmp_path / "out")
    assert done.code == 2
    assert "could not be made: File exists" in done.err


def test_progress_stands_on_the_terminal_and_never_in_a_pipe(process, messages, tmp_path):
    piped = process("convert", messages, "--out", tmp_path / "out")
    assert piped.stderr == b""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    words = [sys.executable, "-m", "fhir_hr.cli", "convert", str(messages), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=follower, env=environment) as running:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal with an error
            while more := os.read(leader, 4096):
                shown += more
        out = running.stdout.read()
    os.close(leader)
    assert running.returncode == 0
    assert b"100%" in shown
    assert b"100%" not in out


@pytest.mark.parametrize("error", [InvariantError("OBX count broken"), KeyError("测试甲")])
def test_a_bug_in_one_file_is_said_and_the_next_file_is_read(cli, messages, tmp_path, monkeypatch, error):
    real = Converter.convert

    def sometimes(self, data, *, received=None):
        yield from real(self, data)
        if data.count(b"OBX|") == 22:
            raise error

    monkeypatch.setattr(Converter, "convert", sometimes)
    done = cli("convert", messages, "--out", tmp_path / "out", "--report", tmp_path / "r.jsonl", "--quiet")
    assert done.code == 70
    assert done.err == "fhir-hr: 1 file(s) met a bug in the library; the report says which\n"
    report = lines(tmp_path / "r.jsonl")
    assert [(line["index"], line["observations"]) for line in report] == [(0, 22), (1, 0), (0, 4), (0, 4)]
    (issue,) = report[1]["issues"]
    assert issue["code"] == "internal"
    assert issue["message"].startswith(f"a bug in the library ({type(error).__name__}): nothing of this message")
    assert "测试甲" not in issue["message"]
