"""The conformance command: our engine through the real pipe, a program that is wrong, reports, the kit as a folder."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fhir_hr.cli.main import main
from fhir_hr.errors import PackError, UsageError
from fhir_hr.rules import load_compiled
from fhir_hr.testing.serving import Engine, read_packs

SERVE = [sys.executable, "-m", "fhir_hr.cli", "conformance", "serve"]
WRONG = """
import json, sys
for n, line in enumerate(sys.stdin):
    request = json.loads(line)
    if n == 3:
        continue
    if n == 1:
        print("<script>alert(1)</script>")
    reason = {"code": "HR-</td><script>", "effect": "note", "pack": "x"}
    print(json.dumps({"id": request["id"], "outcome": "may", "reasons": [reason]}))
"""


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    return [sys.executable, str(path)]


@pytest.fixture
def count(rules):
    path = rules / "cn-51" / "lab" / "tests" / "vectors.jsonl"
    return sum(bool(line.strip()) for line in path.read_text("utf-8").splitlines())


def run(*options, command):
    return main(["--lang", "en", "conformance", "run", *map(str, options), "--", *command])


def test_our_own_engine_answers_every_shipped_vector(tmp_path, capsys):
    junit = tmp_path / "report.xml"
    assert run("--junit", junit, command=SERVE) == 0, capsys.readouterr().out
    root = ET.parse(junit).getroot()
    assert int(root.get("tests")) >= 150
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_a_wrong_program_is_told_in_words(rules, wrong, count, capsys):
    assert run("--rules", rules, command=wrong) == 1
    out = capsys.readouterr().out
    assert "cn-51-lab/1  marked, starred, complete: recognition is due" in out
    assert "outcome: expected must, got may" in out
    assert "! line 2 of its output is no JSON: <script>" in out
    assert f"{count} vectors" in out
    assert "not answered" in out


def test_the_junit_report(rules, wrong, tmp_path, count):
    path = tmp_path / "j.xml"
    run("--rules", rules, "--junit", path, command=wrong)
    root = ET.parse(path).getroot()
    assert (root.get("tests"), root.get("errors")) == (str(count), "2")
    first = root.find("testsuite[@name='cn-51-lab']/testcase")
    assert first.find("failure").get("message") == "outcome: expected must, got may"
    assert root.find("testsuite[@name='conversation']/testcase/error").text.startswith("line 2 of its output")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.scripts, self.loads = [], 0, []

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.loads += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "input", "option", "meter"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("option", "meter"):
            assert self.open.pop() == tag


def test_the_page_is_whole_loads_nothing_and_escapes_what_the_program_said(rules, wrong, tmp_path, count):
    path = tmp_path / "page.html"
    run("--rules", rules, "--html", path, command=wrong)
    text = path.read_text("utf-8")
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.scripts, tags.loads) == ([], 1, [])
    shown = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)  # requests name code systems by address
    assert re.findall(r"https?:", shown) == []
    assert text.index("一致性检验报告") < text.index("Conformance report</small>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "应当互认 <i>must</i>" in text
    assert len(re.findall(r'class="case ', text)) == count


def test_a_program_steers_neither_terminal_nor_report(rules, tmp_path, capsys):
    path = tmp_path / "evil.py"
    path.write_text(WRONG.replace("HR-</td><script>", "\\x1b[2J\\u202e"), "utf-8")
    html, junit = tmp_path / "r.html", tmp_path / "r.xml"
    assert run("--rules", rules, "--html", html, "--junit", junit, command=[sys.executable, str(path), "\udcff"]) == 1
    for text in (capsys.readouterr().out, html.read_text("utf-8"), junit.read_text("utf-8")):
        assert "[2J" in text
        assert re.search("[\x1b\u202e]", text) is None
    ET.parse(junit)


def test_what_was_found_is_told_where_no_report_can_be_written(rules, wrong, tmp_path, count, capsys):
    (tmp_path / "plain").write_text("")
    assert run("--rules", rules, "--html", tmp_path / "plain" / "r.html", command=wrong) == 5
    said = capsys.readouterr()
    assert f"{count} vectors" in said.out
    assert "'r.html' could not be written" in said.err


def test_a_run_that_fails_only_in_the_conversation_still_fails(rules, tmp_path):
    path = tmp_path / "noisy.py"
    serve = "import runpy, sys\nprint('starting', flush=True)\nsys.argv[1:] = ['conformance', 'serve']\n"
    path.write_text(serve + "runpy.run_module('fhir_hr.cli', run_name='__main__')\n")
    assert run("--rules", rules, command=[sys.executable, str(path)]) == 1


def test_the_packs_are_written_where_asked(rules, tmp_path):
    folder = tmp_path / "packs"
    assert run("--rules", rules, "--packs", folder, command=SERVE) == 0
    assert load_compiled((folder / "cn-51-lab.json").read_bytes()).content.pack == "cn-51-lab"


def test_only_the_vectors_of_one_pack(rules, capsys):
    assert run("--rules", rules, "--pack", "cn-99", command=SERVE) == 2
    assert "there is no vector for these packs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "command", "words"),
    [
        ((), [], "no program was named"),
        ((), ["no-such-program"], "the program 'no-such-program' cannot be started"),
        (("--timeout", "0"), SERVE, "--timeout must be more than 0"),
        (("--answer-timeout", "-1"), SERVE, "--answer-timeout must be more than 0"),
    ],
)
def test_a_wrong_call_is_told(rules, options, command, words, capsys):
    assert run("--rules", rules, *options, command=command) == 2
    assert words in capsys.readouterr().err


def test_the_kit_as_a_folder_can_be_answered_from_its_files(rules, tmp_path, count):
    out = tmp_path / "kit"
    assert main(["conformance", "vectors", "--rules", str(rules), "--out", str(out)]) == 0
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert names >= {
        "README.txt",
        "packs/cn-51-lab.json",
        "vectors/cn-51-lab/base.json",
        "vectors/cn-51-lab/vectors.jsonl",
        "requests.jsonl",
        "expected.jsonl",
        "schema/vector.schema.json",
        "schema/answer.schema.json",
        "reason-codes.csv",
    }
    assert f"{count} vectors, 1 packs" in (out / "README.txt").read_text("utf-8")
    engine = Engine(read_packs(out / "packs"))
    requests = (out / "requests.jsonl").read_bytes().splitlines()
    expected = [json.loads(line) for line in (out / "expected.jsonl").read_text("utf-8").splitlines()]
    assert len(requests) == count
    for line, wanted in zip(requests, expected, strict=True):
        answer = json.loads(engine.answer(line))
        assert (answer["id"], answer["outcome"]) == (wanted["id"], wanted["expect"]["outcome"])
        assert [reason["code"] for reason in answer["reasons"]] == wanted["expect"]["codes"]


def test_the_kit_never_writes_over_anything(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("x")
    assert main(["conformance", "vectors", "--out", str(tmp_path)]) == 2
    assert "is not a new or empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "this is no request"),
        (b'{"id": "1", "packs": [], "facts": {}}', "a request names its packs"),
        (b'{"id": "1", "packs": ["cn-99"], "facts": {}}', "there is no pack 'cn-99'"),
        (b'{"id": "1", "packs": ["cn-51-lab"], "facts": {"x": 1}}', "there is no fact 'x'"),
        (b'{"id": "1", "packs": ["cn-51-lab"], "facts": {}, "tables": {"cn-51-lab": {"x": []}}}', "no table 'x'"),
        (
            b'{"id": "1", "packs": ["cn-51-lab"], "facts": {}, "fresh_until": {"cn-51-lab": "2026-02-30"}}',
            "'2026-02-30' is no moment",
        ),
    ],
)
def test_a_request_that_cannot_be_is_told(line, words):
    from fhir_hr.rules import builtin_pack

    with pytest.raises(UsageError, match=words):
        Engine({"cn-51-lab": builtin_pack()}).answer(line)


def test_a_folder_without_packs_is_an_error(tmp_path):
    with pytest.raises(PackError, match="holds no compiled pack"):
        read_packs(tmp_path)


def test_the_program_of_the_guide_keeps_to_the_protocol(rules, tmp_path, capsys):
    guide = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run-the-conformance-kit.md").read_text("utf-8")
    script = tmp_path / "vendor.py"
    script.write_text(re.search(r"```python\n(import json.*?)```", guide, re.DOTALL)[1], "utf-8")
    assert run("--rules", rules, command=[sys.executable, str(script)]) == 1
    out = capsys.readouterr().out
    assert "!" not in out
    shown = re.search(r"```text\n(.*?)…", guide, re.DOTALL)[1]
    assert shown in out
