"""The second evaluator, written from the vocabulary page alone, agrees with every vector and with the library.

``HR_CONFORMANCE_SEED`` asks other generated cases than the usual ones.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fhir_hr.cli.main import main
from fhir_hr.rules.vocabulary import ReasonCode
from fhir_hr.testing.conformance import load_suite
from fhir_hr.testing.protocol import write_packs
from fhir_hr.testing.shelf import rules_root

HERE = Path(__file__).parent
SEED = int(os.environ.get("HR_CONFORMANCE_SEED", "20260820"))
CASES = 100_000
# Each breaks one word of the page; the vectors alone have to notice every one.
SLIPS = [
    pytest.param("under >= inclusive", "under > inclusive", id="window: one edge flipped"),
    pytest.param("time[1] <= at[0]", "time[1] < at[0]", id="time_order: at the very moment"),
    pytest.param("end[1], True)", "end[1], False)", id="expiry: a last day that is over at its last moment"),
]


def load_compare():
    spec = importlib.util.spec_from_file_location("second_evaluator_compare", HERE / "compare.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


compare = load_compare()


@pytest.fixture(scope="module")
def suite():
    return load_suite()


@pytest.fixture(scope="module")
def folder(suite, tmp_path_factory):
    path = tmp_path_factory.mktemp("packs")
    write_packs(path, [suite.shelf.pack(name) for name in suite.shelf.ids])
    return path


def as_instant(text):
    return text and datetime.fromisoformat(text)


def unlike(evaluator, suite, folder):
    """Ask the evaluator every vector; return those that it answers otherwise than expected."""
    packs = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}
    wrong = []
    for vector, request in zip(suite.vectors, suite.requests, strict=True):
        asked = json.loads(compare.msgspec.json.encode(request))
        answer, expect = evaluator.judge(packs, asked), json.loads(compare.msgspec.json.encode(vector.expect))
        said = {
            "outcome": answer["outcome"],
            "codes": [reason["code"] for reason in answer["reasons"]],
            "effects": [reason["effect"] for reason in answer["reasons"]],
            "missing": sorted(answer["missing"]),
            "expires": as_instant(answer["expires"]),
        }
        if "missing" in expect:
            expect["missing"] = sorted(expect["missing"])
        if "expires" in expect:
            expect["expires"] = as_instant(expect["expires"])
        differs = {key: (expect[key], said[key]) for key in said if key in expect and expect[key] != said[key]}
        if expect.get("force") != answer["force"]:
            differs["force"] = (expect.get("force"), answer["force"])
        if differs:
            wrong.append(f"{vector.where} {vector.name}: {differs}")
    return wrong


def test_it_agrees_with_every_vector(suite, folder):
    written = [path for path in rules_root().rglob("*.jsonl") if path.parent.name in ("tests", "vectors")]
    lines = sum(bool(line.strip()) for path in written for line in path.read_text("utf-8").splitlines())
    assert len(suite.vectors) == lines >= 2000
    wrong = unlike(compare.load_evaluator(), suite, folder)
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize(("old", "new"), SLIPS)
def test_the_vectors_notice_a_slip(suite, folder, old, new):
    assert unlike(compare.load_evaluator(old=old, new=new), suite, folder)


def in_two_halves(folder, halves):
    """Run two comparisons side by side; return what they printed."""
    programs = [
        subprocess.Popen(
            [sys.executable, str(HERE / "compare.py"), str(folder), "--seed", str(SEED), *map(str, half)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for half in halves
    ]
    results = []
    for program in programs:
        out, err = program.communicate()
        assert program.returncode == 0, err
        results.append(json.loads(out))
    return results


def test_it_agrees_with_the_library_on_generated_cases(folder):
    half = CASES // 2
    results = in_two_halves(folder, [("--start", start, "--count", half) for start in (0, half)])
    assert not any(result["different"] for result in results), "\n".join(result["first"] for result in results)
    assert sum(result["cases"] for result in results) == CASES
    # Agreement would mean little if the cases were all alike: each outcome and each reason code has to have been met.
    assert {outcome for result in results for outcome in result["outcomes"]} == {"must", "may", "not", "indeterminate"}
    assert {code for result in results for code in result["codes"]} == {code.value for code in ReasonCode}


def test_it_agrees_with_the_library_on_changed_packs(folder):
    results = in_two_halves(folder, [("--changed", part, 8, 6) for part in (0, 4)])
    assert not any(result["different"] for result in results), "\n".join(result["first"] for result in results)
    assert sum(result["cases"] for result in results) > 3000


def test_a_difference_is_shown_small_and_with_its_seed(suite, folder):
    evaluator = compare.load_evaluator(old='"FUTURE fail"', new='""')
    packs = compare.read_packs(folder)
    result = compare.compare(compare.Pair(packs, evaluator), compare.generate(400, packs=packs, seed=7), told="seed 7")
    assert result.different
    shown = json.loads(result.first)
    assert re.fullmatch(r"seed 7, number \d+", shown["case"])
    assert len(shown["packs"]) == 1
    assert len(shown["facts"]) <= 6
    assert "HR-FUTURE" in json.dumps(shown["differences"]["reasons"]["library"])


def run_kit(*command, junit):
    return main(["--lang", "en", "conformance", "run", "--junit", str(junit), "--", *command])


def test_it_passes_the_conformance_run_through_the_pipe(suite, tmp_path, capsys):
    junit = tmp_path / "report.xml"
    assert run_kit(sys.executable, str(HERE / "evaluator.py"), junit=junit) == 0, capsys.readouterr().out
    root = ET.parse(junit).getroot()
    assert [root.get(key) for key in ("tests", "failures", "errors")] == [str(len(suite.vectors)), "0", "0"]
    assert len(root.findall(".//testcase")) == len(suite.vectors)


def test_the_conformance_run_reports_an_edge_that_is_flipped(suite, tmp_path, capsys):
    program, junit, path = tmp_path / "flipped.py", tmp_path / "report.xml", str(HERE / "evaluator.py")
    old, new = SLIPS[0].values
    program.write_text(
        "from pathlib import Path\n"
        f"source = Path({path!r}).read_text('utf-8').replace({old!r}, {new!r})\n"
        f"exec(compile(source, {path!r}, 'exec'), {{'__name__': '__main__', '__file__': {path!r}}})\n",
        encoding="utf-8",
    )
    assert run_kit(sys.executable, str(program), junit=junit) == 1
    root = ET.parse(junit).getroot()
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert int(root.get("tests")) == len(suite.vectors)
    assert 0 < len(failed) == int(root.get("failures")) < len(suite.vectors) // 10
    assert "✗" in capsys.readouterr().out


def test_the_evaluator_is_short_and_stands_alone():
    text = (HERE / "evaluator.py").read_text("utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 300
    assert "fhir_hr" not in "\n".join(line for line in text.splitlines() if "import " in line)
