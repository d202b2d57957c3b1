"""What the library writes, before the official validator: the demonstration and the converted corpus.

The validator is silent on a relative reference that resolves nowhere in its Bundle and only warns of a dangling
``urn:uuid``; the library's own check looks at both, so every Bundle goes through it as well.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fhir_hr import BundleKind, Converter, Release, Severity, check_bytes
from fhir_hr.cli.demo import DATA

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "hl7v2"


WARNINGS = ROOT / "docs" / "reference" / "validator-warnings.md"


def explained() -> list[str]:
    """The beginnings of the warnings that the documentation explains."""
    rows = [line.split("|") for line in WARNINGS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [cells[2].strip() for cells in rows[2:]]


def unexplained(messages: list[Any]) -> list[str]:
    known = explained()
    return [
        f"{message.location}: {message.text}"
        for message in messages
        if message.severity == "warning" and not any(message.text.startswith(begin) for begin in known)
    ]


def bundles(release: str, kind: BundleKind, inputs: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    converter = Converter(release=Release(release), kind=kind)
    return [
        (f"{name}#{one.index}", one.json())
        for name, data in inputs
        for one in converter.convert(data)
        if one.message is not None
    ]


def own_errors(body: bytes, release: str) -> list[str]:
    found = check_bytes(body, release=Release(release))
    return [str(issue) for issue in found if issue.severity is Severity.ERROR]


@pytest.mark.parametrize("kind", list(BundleKind))
def test_demo_output_has_no_errors(official_validator: Any, release: str, kind: BundleKind) -> None:
    """Every Bundle of the demonstration is clean, in every form."""
    made = bundles(release, kind, [(path.name, path.read_bytes()) for path in sorted((DATA / "messages").iterdir())])
    assert len(made) == 3
    for name, body in made:
        messages = official_validator.validate(body)
        assert (name, [str(one) for one in messages if one.is_error]) == (name, [])
        assert (name, unexplained(messages)) == (name, [])
        assert (name, own_errors(body, release)) == (name, [])


def test_converted_corpus_has_no_errors(official_validator: Any, release: str) -> None:
    """Other people's messages, converted: no error in any Bundle, and no warning that the docs do not explain."""
    if not CORPUS.is_dir():
        pytest.skip("converted corpus not validated: the shared corpus is not beside the checkout")
    inputs = [(path.name, path.read_bytes()) for path in sorted(CORPUS.iterdir()) if ".hl7" in path.name]
    made = bundles(release, BundleKind.COLLECTION, inputs)
    assert len(made) >= 120
    errors = Counter()
    for name, body in made:
        messages = official_validator.validate(body)
        wrong = [str(one) for one in messages if one.is_error]
        for text in wrong + unexplained(messages) + own_errors(body, release):
            errors[f"{name}: {text}"] += 1
    assert errors == Counter()


def test_document_without_a_time_is_refused_not_invented() -> None:
    """A document needs a date; a message without one gives a Bundle of another kind, and an issue that says so."""
    data = b"MSH|^~\\&|LIS|H1|||||ORU^R01|7|P|2.4\rPID|1||9\rOBR|1||F1\rOBX|1|NM|GLU||5.60|mmol/L||||F\r"
    converter = Converter(release=Release.R4, kind=BundleKind.DOCUMENT)
    one = next(iter(converter.convert(data)))
    assert one.bundle()["type"] != "document"
    assert any("time" in issue.message or "date" in issue.message for issue in one.issues)
