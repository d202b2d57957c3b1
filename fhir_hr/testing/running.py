"""Running the vectors of a pack through our own engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from fhir_hr.rules.engine import judge
from fhir_hr.rules.load import load_pack
from fhir_hr.rules.vocabulary import ReasonCode
from fhir_hr.testing.answers import Answer, answer_of, differences
from fhir_hr.testing.shelf import Shelf, case_of, find_packs, rules_root
from fhir_hr.testing.vectors import Vector, read_folder

__all__ = ["Failure", "Report", "ask", "run_vectors", "shelf_for", "test_pack", "vectors_of"]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A vector that was answered otherwise than expected, and in what."""

    vector: Vector
    answer: Answer
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.vector.where}: {self.vector.name}: {'; '.join(self.differences)}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a run: how many vectors, those that failed, and the reason codes that were met."""

    vectors: int
    failures: tuple[Failure, ...]
    met: frozenset[ReasonCode]

    @property
    def ok(self) -> bool:
        """Whether there were vectors, and all were answered as expected."""
        return self.vectors > 0 and not self.failures


def test_pack(folder: Path) -> Report:
    """Run the vectors beside a pack (``tests/``), or, of a folder without ``pack.yaml``, those in it.

    Raises:
        DataFileError: the pack or a vector is broken; with file and line.
    """
    shelf, vectors = vectors_of(folder)
    return run_vectors(vectors, shelf)


test_pack.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name says


def vectors_of(folder: Path) -> tuple[Shelf, tuple[Vector, ...]]:
    """Return the vectors of a folder (see :func:`test_pack`) and the packs to ask."""
    shelf = shelf_for(folder)
    if not (folder / "pack.yaml").is_file():
        return shelf, read_folder(folder)
    pack = load_pack(folder)
    return Shelf(_folders(folder), packs=[pack]), read_folder(folder / "tests", pack=pack.content.pack)


def shelf_for(folder: Path) -> Shelf:
    """Return the packs that the vectors of a folder can name: its neighbours, and those that ship."""
    return Shelf(_folders(folder))


def _folders(folder: Path) -> dict[str, Path]:
    here = folder.resolve()
    alone = (folder / "pack.yaml").is_file()
    if alone and not here.parent.name.startswith("cn"):
        # Not laid out as <jurisdiction>/<part>: what lies around a folder of somebody's own is none of its neighbours.
        return find_packs(rules_root())
    near = here.parents[1] if alone else here.parent
    return {**find_packs(rules_root()), **find_packs(near)}


def run_vectors(vectors: Iterable[Vector], shelf: Shelf) -> Report:
    """Ask our engine every vector."""
    failures: list[Failure] = []
    met: set[ReasonCode] = set()
    count = 0
    for vector in vectors:
        count += 1
        met.update(vector.expect.codes)
        answer = ask(vector, shelf)
        said = differences(vector.expect, answer)
        if said:
            failures.append(Failure(vector=vector, answer=answer, differences=said))
    return Report(vectors=count, failures=tuple(failures), met=frozenset(met))


def ask(vector: Vector, shelf: Shelf) -> Answer:
    """Ask our engine one vector."""
    packs = shelf.packs_of(vector)
    case = case_of(vector, packs)
    return answer_of(judge(case.item, case.prior, order=case.order, packs=packs, identity=case.identity))
