"""The conformance run: every vector of every pack and of the engine, asked of a program, judged and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from fhir_hr.rules.vocabulary import VOCABULARY
from fhir_hr.testing.answers import Answer, differences
from fhir_hr.testing.program import Limits, converse
from fhir_hr.testing.protocol import Request, request_of, write_packs
from fhir_hr.testing.shelf import Shelf, find_packs, rules_root
from fhir_hr.testing.vectors import Vector, read_folder

__all__ = ["CaseResult", "Suite", "SuiteResult", "load_suite", "run_suite"]


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """All vectors, each with its request and the group it is counted in: a pack, or a theme of the engine's own."""

    shelf: Shelf
    vectors: tuple[Vector, ...]
    requests: tuple[Request, ...]
    groups: tuple[str, ...]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One vector and what became of it; ``differences`` is empty when it was answered as expected."""

    id: str
    group: str
    vector: Vector
    request: Request
    differences: tuple[str, ...]
    answer: Answer | None = None

    @property
    def passed(self) -> bool:
        """Whether it was answered, in its place, as expected."""
        return not self.differences


class SuiteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run. ``problems`` are wrong with the conversation itself; with any, the run has failed.

    ``titles`` are those of the packs, by id.
    """

    command: tuple[str, ...]
    cases: tuple[CaseResult, ...]
    problems: tuple[str, ...]
    stderr: str
    seconds: float
    titles: dict[str, str] = {}
    vocabulary: str = VOCABULARY

    @property
    def passed(self) -> int:
        """How many vectors were answered as expected."""
        return sum(case.passed for case in self.cases)

    @property
    def ok(self) -> bool:
        """Whether all were, and nothing else was wrong."""
        return bool(self.cases) and self.passed == len(self.cases) and not self.problems

    def by_group(self) -> dict[str, tuple[int, int]]:
        """Passed and all, by group."""
        return _counted((case.group, case.passed) for case in self.cases)

    def by_code(self) -> dict[str, tuple[int, int]]:
        """Passed and all, by expected reason code."""
        said = ((code.value, case.passed) for case in self.cases for code in sorted(set(case.vector.expect.codes)))
        return dict(sorted(_counted(said).items()))


def _counted(said: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    every: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for name, passed in said:
        every[name] += 1
        good[name] += passed
    return {name: (good[name], every[name]) for name in every}


def load_suite(root: Path | None = None, *, packs: Sequence[str] = ()) -> Suite:
    """Read the vectors of all packs and the engine's own.

    Args:
        root: folder of the packs; the shipped ones by default.
        packs: only vectors that ask nothing but these packs.

    Raises:
        DataFileError: a pack or a vector is broken; with file and line.
    """
    folder = rules_root() if root is None else root
    folders = find_packs(folder)
    shelf = Shelf(folders)
    sources: list[tuple[str | None, Path]] = [(name, path / "tests") for name, path in folders.items()]
    if (folder / "vectors").is_dir():
        sources.append((None, folder / "vectors"))
    vectors: list[Vector] = []
    groups: list[str] = []
    requests: list[Request] = []
    for pack_id, path in sources:
        for vector in read_folder(path, pack=pack_id):
            if packs and not set(vector.packs) <= set(packs):
                continue
            group = pack_id or f"engine/{vector.file.removesuffix('.jsonl')}"
            vectors.append(vector)
            groups.append(group)
            requests.append(request_of(vector, shelf, request_id=f"{group}/{_stem(pack_id, vector)}{vector.line}"))
    return Suite(shelf=shelf, vectors=tuple(vectors), requests=tuple(requests), groups=tuple(groups))


def _stem(pack_id: str | None, vector: Vector) -> str:
    stem = vector.file.removesuffix(".jsonl")
    return "" if pack_id is None or stem == "vectors" else f"{stem}/"


def run_suite(suite: Suite, command: Sequence[str], *, packs: Path, limits: Limits | None = None) -> SuiteResult:
    """Ask a program all vectors of a suite.

    Args:
        suite: the vectors.
        command: the program and its arguments.
        packs: folder that the compiled packs are written to, for the program to read.
        limits: how long to wait.

    Raises:
        UsageError: the program cannot be started.
    """
    asked = [suite.shelf.pack(name) for name in suite.shelf.ids]
    write_packs(packs, asked)
    said = converse(command, suite.requests, packs=packs, limits=limits)
    cases = []
    for vector, request, group in zip(suite.vectors, suite.requests, suite.groups, strict=True):
        answer, fault = said.answers.get(request.id), said.faults.get(request.id)
        found = ("not answered",) if answer is None else differences(vector.expect, answer)
        cases.append(
            CaseResult(
                id=request.id,
                group=group,
                vector=vector,
                request=request,
                differences=(*((fault,) if fault else ()), *found),
                answer=answer,
            )
        )
    return SuiteResult(
        command=tuple(command),
        cases=tuple(cases),
        problems=said.problems,
        stderr=said.stderr,
        seconds=said.seconds,
        titles={pack.content.pack: pack.content.title for pack in asked},
    )
