"""Another program under test: whatever it does, the run ends and says so."""

from __future__ import annotations

import sys
import textwrap
import time

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.testing import program as module
from fhir_hr.testing.program import Limits, converse
from fhir_hr.testing.protocol import Request, read_answer

GOOD = '{"id": "%s", "outcome": "may", "reasons": []}'
REQUESTS = [Request(id=f"r/{n}", packs=("p",), facts={}) for n in range(1, 4)]


@pytest.fixture
def ask(tmp_path):
    """Run a Python program given as text; ``say(id)`` answers, ``requests`` are the ids read."""

    def run(body, *, requests=REQUESTS, **limits):
        script = tmp_path / "vendor.py"
        script.write_text(
            "import json, os, sys, time\n"
            f"def say(name): print('{GOOD}' % name, flush=True)\n"
            "def ids():\n    for line in sys.stdin: yield json.loads(line)['id']\n" + textwrap.dedent(body)
        )
        limits = Limits(**{"answer": 5.0, "total": 20.0, **limits})
        return converse([sys.executable, str(script)], requests, packs=tmp_path, limits=limits)

    return run


def test_a_program_that_answers_line_by_line(ask):
    said = ask("for name in ids(): say(name)")
    assert (list(said.answers), said.problems, said.faults) == (["r/1", "r/2", "r/3"], (), {})


def test_a_program_that_reads_everything_first(ask):
    said = ask("for name in list(ids()): say(name)")
    assert (len(said.answers), said.problems) == (3, ())


def test_the_folder_of_the_packs_is_told(ask, tmp_path):
    said = ask("print(os.environ['FHIR_HR_PACKS'], file=sys.stderr)\nfor name in ids(): say(name)")
    assert said.stderr.strip() == str(tmp_path)


def test_a_program_that_dies(ask):
    said = ask("say(next(ids())); sys.exit(3)")
    assert list(said.answers) == ["r/1"]
    assert said.problems == ("the program ended with code 3 before it had answered 2 of 3 requests",)


def test_a_program_that_crashes_tells_so_on_standard_error(ask):
    said = ask("raise ValueError('no engine')")
    assert "ended with code 1 before it had answered 3 of 3" in said.problems[0]
    assert "no engine" in said.stderr


def test_a_program_that_hangs_is_stopped(ask):
    began = time.monotonic()
    said = ask("say(next(ids())); time.sleep(60)", answer=0.5)
    assert said.problems == ("waited 0.5 s for the next answer; the program was stopped",)
    assert time.monotonic() - began < 10


def test_a_program_that_is_slow_all_along_is_stopped(ask):
    said = ask("for name in ids(): time.sleep(0.4); say(name)", answer=5.0, total=0.6)
    assert said.problems == ("waited 0.6 s for all answers; the program was stopped",)
    assert len(said.answers) <= 1


def test_a_program_that_never_reads_is_stopped(ask):
    many = [Request(id=f"r/{n}", packs=("p",), facts={"x": "y" * 1000}) for n in range(2000)]
    said = ask("time.sleep(60)", requests=many, answer=0.5)
    assert "for the next answer" in said.problems[0]


def test_children_of_the_program_do_not_outlive_it(ask, tmp_path):
    marker = tmp_path / "alive"
    body = f"""
    import subprocess
    subprocess.Popen([sys.executable, '-c', "import time; time.sleep(2.5); open({str(marker)!r}, 'w')"])
    time.sleep(60)
    """
    ask(body, answer=0.5)
    time.sleep(3)
    assert not marker.exists()


def test_lines_that_are_no_answers_are_told_and_stop_nothing(ask):
    said = ask("""
    print('hello <b>')
    print('{"id": "r/1", "outcome": "perhaps", "reasons": []}')
    print('{"outcome": "may"}')
    print('[1]')
    sys.stdout.flush()
    sys.stdout.buffer.write(b'\\xff\\xfe\\n')
    for name in ids(): say(name)
    """)
    assert len(said.answers) == 3
    assert [problem.split(":")[0] for problem in said.problems] == [
        "line 1 of its output is no JSON",
        "line 2 of its output is no answer",
        "line 3 of its output is no answer",
        "line 4 of its output is no answer",
        "line 5 of its output is no JSON",
    ]


def test_answers_out_of_order_twice_or_to_nothing(ask):
    said = ask("a, b, c = ids(); say(b); say(a); say(b); say(c); say('r/9')")
    assert dict(said.faults) == {"r/1": "answered out of order: after a later request", "r/2": "answered twice"}
    assert said.problems == ("line 5 of its output answers 'r/9', which was not asked",)


def test_one_answer_left_out_spoils_no_other(ask):
    said = ask("a, b, c = ids(); say(a); say(c)")
    assert (list(said.answers), dict(said.faults)) == (["r/1", "r/3"], {})
    assert said.problems == ("the program ended with code 0 before it had answered 1 of 3 requests",)


def test_a_line_without_end_is_not_kept(ask, monkeypatch):
    monkeypatch.setattr(module, "MAX_ANSWER", 1000)
    said = ask("print('x' * 1_000_000)\nfor name in ids(): say(name)")
    assert said.problems == ("line 1 of its output is longer than 1000 bytes; it was not read",)
    assert len(said.answers) == 3


def test_endless_noise_is_stopped(ask):
    said = ask("while True: print('noise')")
    assert said.problems[-1] == "too much was wrong; the program was stopped"
    assert len(said.problems) < 60


def test_standard_error_without_end_is_not_kept(ask):
    said = ask("for _ in range(200): print('e' * 10_000, file=sys.stderr)\nfor name in ids(): say(name)")
    assert len(said.answers) == 3
    assert len(said.stderr) <= 64 << 10


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="the program 'no-such-program' cannot be started: No such file"):
        converse(["no-such-program"], REQUESTS, packs=tmp_path)
    with pytest.raises(UsageError, match="no program was named"):
        converse([], REQUESTS, packs=tmp_path)


def test_what_is_quoted_of_a_line_is_short_and_printable():
    with pytest.raises(UsageError) as caught:
        read_answer(b"\x1b[31m" + b"x" * 500)
    assert len(str(caught.value)) < 120
    assert "\x1b" not in str(caught.value)
