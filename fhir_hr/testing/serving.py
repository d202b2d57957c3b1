"""Answering requests of the conformance kit with our own engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fhir_hr.errors import DataFileError, PackError, UsageError
from fhir_hr.rules.engine import judge
from fhir_hr.rules.load import load_compiled
from fhir_hr.rules.pack import Pack, bind_pack, canonical_json
from fhir_hr.rules.tables_of import item_system_of, replace_tables
from fhir_hr.testing.answers import answer_of
from fhir_hr.testing.facts import build
from fhir_hr.testing.protocol import Request, write_answer
from fhir_hr.testing.times import read_moment

__all__ = ["Engine", "read_packs"]


def read_packs(folder: Path) -> dict[str, Pack]:
    """Read the compiled packs of a folder, by id.

    Raises:
        PackError: one is broken, or there is none.
    """
    packs = [load_compiled(path.read_bytes(), file=path.name) for path in sorted(folder.glob("*.json"))]
    if not packs:
        raise PackError("holds no compiled pack", file=folder.name)
    return {pack.content.pack: pack for pack in packs}


class Engine:
    """Our engine behind the protocol.

    Args:
        packs: the packs by id.
    """

    def __init__(self, packs: Mapping[str, Pack]) -> None:
        self._packs = dict(packs)
        self._bound: dict[bytes, Pack] = {}

    def answer(self, line: bytes) -> bytes:
        """Answer one request line.

        Raises:
            UsageError: it is no request, or asks what cannot be.
        """
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
            msg = f"this is no request: {error}"
            raise UsageError(msg) from error
        packs = self.packs_of(request)
        case = build(request.facts, item_system=item_system_of(packs[0].content))
        verdict = judge(case.item, case.prior, order=case.order, packs=packs, identity=case.identity)
        return write_answer(request.id, answer_of(verdict))

    def packs_of(self, request: Request) -> list[Pack]:
        """Return the packs that a request asks, with its tables; bound once for each set of tables.

        Raises:
            UsageError: there is no such pack, or its tables cannot be.
        """
        if not request.packs:
            msg = "a request names its packs"
            raise UsageError(msg)
        return [self._pack(request, name) for name in request.packs]

    def _pack(self, request: Request, name: str) -> Pack:
        pack = self._packs.get(name)
        if pack is None:
            msg = f"there is no pack {name[:60]!r}"
            raise UsageError(msg)
        tables, until = request.tables.get(name), request.fresh_until.get(name)
        if not tables and until is None:
            return pack
        key = canonical_json([name, tables, until])
        bound = self._bound.get(key)
        if bound is None:
            try:
                content = replace_tables(pack.content, tables) if tables else pack.content
            except DataFileError as error:
                raise UsageError(str(error)) from error
            fresh = None if until is None else read_moment(until)
            bound = self._bound[key] = bind_pack(content, fresh_until=fresh)
        return bound
