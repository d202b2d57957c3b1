"""The conformance kit as a folder, for programs in other languages."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fhir_hr.rules.vocabulary import VOCABULARY
from fhir_hr.testing.conformance import Suite, load_suite
from fhir_hr.testing.protocol import write_packs
from fhir_hr.testing.schemas import schema_texts
from fhir_hr.testing.shelf import find_packs, rules_root

__all__ = ["Exported", "export_kit"]

_READ_ME = """判定用例与规则包 · decision vectors and compiled packs
Vocabulary {vocabulary}: {vectors} vectors, {packs} packs.

packs/<pack id>.json      compiled packs, canonical JSON
vectors/<group>/          vectors as they are written, with their base.json
requests.jsonl            the same vectors as complete requests, one a line
expected.jsonl            beside each request what has to be answered: id, name, expect
schema/*.schema.json      JSON Schemas (draft 2020-12) of vectors, bases, requests and answers
reason-codes.csv          the reason codes with their stages, facts and words

What every check, stage, clock, tie-break and reason code means is written on the page "Vocabulary of rule packs" of
the documentation (docs/reference/rules-vocabulary.md), the formats on the page "Decision vectors"
(docs/reference/vectors.md).

To be judged, a program reads requests on standard input and writes answers on standard output, one JSON object a line:
fhir-hr conformance run --junit report.xml --html report.html -- COMMAND
"""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """How much was written."""

    vectors: int
    packs: int


def export_kit(folder: Path, *, root: Path | None = None) -> Exported:
    """Write the kit into a folder.

    Raises:
        DataFileError: a pack or a vector is broken.
    """
    source = rules_root() if root is None else root
    suite = load_suite(source)
    packs = [suite.shelf.pack(name) for name in suite.shelf.ids]
    write_packs(folder / "packs", packs)
    folders = {name: path / "tests" for name, path in find_packs(source).items()}
    for name, tests in {**folders, "engine": source / "vectors"}.items():
        _copy(tests, folder / "vectors" / name)
    _write_requests(folder, suite)
    (folder / "schema").mkdir()
    for name, text in schema_texts().items():
        (folder / "schema" / name).write_text(text, encoding="utf-8")
    (folder / "reason-codes.csv").write_bytes((rules_root() / "reason-codes.csv").read_bytes())
    done = Exported(vectors=len(suite.vectors), packs=len(packs))
    words = _READ_ME.format(vocabulary=VOCABULARY, vectors=done.vectors, packs=done.packs)
    (folder / "README.txt").write_text(words, encoding="utf-8")
    return done


def _copy(source: Path, target: Path) -> None:
    files = sorted((*source.glob("base.json"), *source.glob("*.jsonl")))
    if files:
        target.mkdir(parents=True)
    for path in files:
        (target / path.name).write_bytes(path.read_bytes())


def _write_requests(folder: Path, suite: Suite) -> None:
    encode = msgspec.json.encode
    with (folder / "requests.jsonl").open("wb") as requests, (folder / "expected.jsonl").open("wb") as expected:
        for vector, request in zip(suite.vectors, suite.requests, strict=True):
            requests.write(encode(request) + b"\n")
            expected.write(encode({"id": request.id, "name": vector.name, "expect": vector.expect}) + b"\n")
