"""An author's folder from a stranger: building it refuses what is hostile, quickly and within bounds."""

from __future__ import annotations

import resource
import time

import pytest

from fhir_hr.errors import PackError
from fhir_hr.rules.publishing import build_pack

LAUGHS = (
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
).encode()


def _refused(files) -> str:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with pytest.raises(PackError) as caught:
        build_pack(files, serial=1)
    assert time.process_time() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 600_000, "kB more than before"
    assert len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (b"x: !!python/object/apply:os.system ['true']\n", "a tag (!) is not allowed"),
        (b"x: !!python/name:os.system\n", "a tag (!) is not allowed"),
        (b"x: !include /etc/passwd\n", "a tag (!) is not allowed"),
        (b"x: !!binary aGVsbG8=\n", "a tag (!) is not allowed"),
        (b"x: {y: [1, {z: !!set {a}}]}\n", "a tag (!) is not allowed"),
        (b"!!str x: 1\n", "a tag (!) is not allowed"),
        (b"x: !<tag:yaml.org,2002:int> 1\n", "a tag (!) is not allowed"),
        (b"x: ! y\n", "a tag (!) is not allowed"),
        (b"x: &a 1\n", "an anchor (&) is not allowed"),
        (b"&a x: 1\n", "an anchor (&) is not allowed"),
        (b"x: *a\n", "an alias (*) is not allowed"),
        (b"<<: *a\n", "an alias (*) is not allowed"),
        (b"? *a\n: 1\n", "an alias (*) is not allowed"),
        (LAUGHS, "an anchor (&) is not allowed"),
        (b"x: " + b"[" * 1_000_000 + b"\n", "nested deeper than 16"),
        (b"x: " + b"{a: " * 1_000_000 + b"\n", "nested deeper than 16"),
        (b"x:\n" + b"".join(b" " * n + b"- \n" for n in range(1, 300)), "nested deeper than 16"),
        (b"x: [" + b"1," * 100_000 + b"1]\n", "more than 20000 values"),
        (b"x: " + b"9" * 2_000_000 + b"\n", "unknown key 'x'"),
        (b"x: '" + b"y" * 9_000_000 + b"'\n", "unknown key 'x'"),
        (b"#" * 10_000_001, "larger than 10000000 bytes"),
        (b"x: \x00\n", "not YAML"),
        (b"x: \xed\xa0\x80\n", "not UTF-8"),
        (b"...\n---\nx: 1\n", "not YAML"),
    ],
)
@pytest.mark.parametrize("name", ["pack.yaml", "sources.yaml"])
def test_hostile_yaml_builds_nothing(files, name, added, words):
    message = _refused({**files, name: files[name] + added})
    assert message.startswith(name)
    assert words in message


@pytest.mark.parametrize("added", [b"pack: cn-51-lab\n", b'"\\x70ack": cn-51-lab\n', b"'pack': x\n"])
def test_a_key_stands_there_once_however_it_is_written(files, added):
    assert "duplicate key 'pack'" in _refused({**files, "pack.yaml": files["pack.yaml"] + added})


def test_a_directive_gives_no_other_meaning(files):
    data = b"%TAG ! tag:yaml.org,2002:\n---\n" + files["pack.yaml"] + b"x: !int 1\n"
    assert "a tag (!) is not allowed" in _refused({**files, "pack.yaml": data})
    assert "not YAML" in _refused({**files, "pack.yaml": b"%YAML 9.9\n---\n" + files["pack.yaml"]})


HEAD = b"uscc,item,from,to,reason,clause\n"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (HEAD + b"A,,,,,\n" * 2, "suspensions.csv:3: repeats the key of line 2"),
        (HEAD + b"x" * 10_000_000, "suspensions.csv: larger than"),
        (HEAD + b'"' + b"x" * 1_000_000, "not CSV"),
        (HEAD + b"A" + b"," * 1_000_000 + b"\n", "cells where the header has 6"),
        (b"uscc,uscc\n", "missing column"),
        (b"uscc,item,from,to,reason,clause,=cmd()\n", "unknown column"),
        (HEAD + b"A,\x00,,,,\n", ""),
        (HEAD + b"\xff,,,,,\n", "not UTF-8"),
        (b"\xef\xbb\xbf" * 2 + HEAD, "unknown column"),
        (HEAD.replace(b",", b";"), "separates cells by ';'"),
    ],
)
def test_hostile_tables_build_nothing(files, table, words):
    message = _refused({**files, "suspensions.csv": table})
    assert message.startswith("suspensions.csv")
    assert words in message


@pytest.mark.parametrize("name", ["../pack.yaml", "/etc/passwd", "run.py", "pack.yaml.bak", "ITEMS.csv"])
def test_a_file_that_is_none_of_a_packs_builds_nothing(files, name):
    assert "is no file of a pack" in _refused({**files, name: b"x"})
