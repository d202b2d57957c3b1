"""The command as a whole: help, exit codes, and never a traceback."""

from __future__ import annotations

import pytest

import fhir_hr
from fhir_hr.cli import validate as validate_command
from fhir_hr.cli.demo import DATA
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.main import _EPILOG, main
from fhir_hr.errors import InvariantError


def test_version(cli):
    done = cli("--version")
    assert (done.code, done.out) == (0, f"fhir-hr {fhir_hr.__version__}\n")


@pytest.mark.parametrize("command", [(), ("convert",), ("recognise",), ("validate",), ("demo",)])
def test_help(cli, command):
    done = cli(*command, "--help")
    assert done.code == 0
    assert "usage: fhir-hr" in done.out


def test_help_documents_every_exit_code():
    documented = {int(line.split()[0]) for line in _EPILOG.splitlines()[1:] if line.strip()}
    assert documented == {int(code) for code in Exit} - {Exit.INTERRUPTED}


@pytest.mark.parametrize("words", [(), ("conv",), ("convert",), ("demo", "--colour")])
def test_wrong_words_are_usage(cli, words):
    done = cli(*words)
    assert done.code == 2
    assert "usage: fhir-hr" in done.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InvariantError("OBX count broken"), 70, "fhir-hr: OBX count broken\n"),
        (OSError(28, "No space left on device", "测试甲.json"), 5, "No space left on device"),
        (KeyError("测试甲"), 70, "fhir-hr: a bug in the library (KeyError); --debug shows where"),
        (KeyboardInterrupt(), 130, "fhir-hr: stopped\n"),
    ],
)
def test_every_failure_is_one_line_without_patient_data(cli, monkeypatch, error, code, said):
    def fail(_options):
        raise error

    monkeypatch.setattr(validate_command, "find_inputs", fail)
    done = cli("validate", "x")
    assert done.code == code
    assert said in done.err
    assert done.err.count("\n") == 1
    assert "测试甲" not in done.err


def test_debug_shows_where(monkeypatch):
    def fail(_options):
        raise KeyError("x")

    monkeypatch.setattr(validate_command, "find_inputs", fail)
    with pytest.raises(KeyError):
        main(["--debug", "validate", "x"])


def test_a_reader_that_goes_away(process, tmp_path):
    import subprocess
    import sys

    command = f"{sys.executable} -m fhir_hr.cli recognise --help | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=tmp_path, check=False)
    assert done.stderr == b""


class TestValidate:
    def test_what_we_write_is_valid(self, cli, tmp_path):
        cli("demo", "--out", tmp_path / "out")
        for release in ("R4", "R5"):
            done = cli("validate", "--release", release, tmp_path / "out" / f"fhir-{release.lower()}")
            assert done.code == 0, done.out
            assert f"{release}: 3 个文件，0 个错误" in done.out

    def test_what_is_wrong_is_found(self, cli, tmp_path):
        (tmp_path / "a.json").write_text('{"resourceType": "Bundle", "type": "nonsense"}')
        (tmp_path / "b.json").write_text('{"resourceType": "Bundle", "resourceType": "Bundle"}')
        (tmp_path / "c.json").write_text("not JSON")
        done = cli("validate", tmp_path)
        assert done.code == 1
        for name in ("a.json", "b.json", "c.json"):
            assert f"{name}: error " in done.out

    def test_a_missing_file(self, cli, tmp_path):
        done = cli("validate", tmp_path / "none.json")
        assert done.code == 1
        assert "the file could not be read: No such file or directory" in done.out

    def test_json(self, cli):
        import json

        done = cli("validate", "--json", DATA / "order.json")
        assert done.code == 1
        assert json.loads(done.out)["issues"][0]["severity"] == "error"
