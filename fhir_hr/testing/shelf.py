"""The packs that vectors name: found in folders by id, bound once for each set of replaced tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError, PackError, UsageError
from fhir_hr.rules.load import load_pack
from fhir_hr.rules.pack import Pack, bind_pack, canonical_json
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.tables_of import item_system_of, replace_tables
from fhir_hr.testing.facts import Case, build
from fhir_hr.testing.times import read_moment
from fhir_hr.testing.vectors import Vector

__all__ = ["Shelf", "bind", "case_of", "find_packs", "replaced_parts", "rules_root"]

_STATES = ("list_state", "institutions_state", "item_system")
_ID = re.compile(rb"^pack:[ \t]*[\"']?([A-Za-z0-9][A-Za-z0-9._-]{0,63})[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)


def rules_root() -> Path:
    """Return the folder of the packs that ship with the library."""
    return data_path("profiles", "rules")


def find_packs(root: Path) -> dict[str, Path]:
    """Return the folders of all packs under ``root/<jurisdiction>/<part>/pack.yaml`` by pack id, in order of id.

    Raises:
        DataFileError: a pack names no id, or that of another.
    """
    found: dict[str, Path] = {}
    for path in sorted(root.glob("*/*/pack.yaml")):
        where = str(path.relative_to(root))
        named = _ID.search(path.read_bytes()[: 64 << 10])
        if named is None:
            raise DataFileError("names no pack (a line like: pack: cn-51-lab)", file=where)
        pack_id = named.group(1).decode("ascii")
        if pack_id in found:
            raise DataFileError(f"pack {pack_id!r} stands in {found[pack_id].relative_to(root)} too", file=where)
        found[pack_id] = path.parent
    return dict(sorted(found.items()))


def replaced_parts(content: PackContent, changed: PackContent, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a pack that replacing tables has changed: the tables, and the states that follow them."""
    names = {*tables, *(name for name in _STATES if getattr(changed, name) != getattr(content, name))}
    return {name: getattr(changed, name) for name in sorted(names)}


def bind(content: PackContent, *, fresh_until: str | None = None) -> Pack:
    """Bind a content, with the end of its signed index where one is given."""
    if fresh_until is None:
        return bind_pack(content)
    return bind_pack(content, fresh_until=read_moment(fresh_until))


class Shelf:
    """Packs by id: loaded when first asked for, kept, and bound once per set of replaced tables.

    Args:
        folders: folders of packs by id.
        packs: packs that are at hand already; they come first.
    """

    def __init__(self, folders: Mapping[str, Path], *, packs: Iterable[Pack] = ()) -> None:
        self._folders = dict(folders)
        self._packs = {pack.content.pack: pack for pack in packs}
        self._bound: dict[bytes, Pack] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids, in order."""
        return tuple(sorted({*self._folders, *self._packs}))

    def pack(self, pack_id: str) -> Pack:
        """Return a pack.

        Raises:
            DataFileError: there is none of that id, or it is broken.
        """
        known = self._packs.get(pack_id)
        if known is None:
            folder = self._folders.get(pack_id)
            if folder is None:
                raise DataFileError(f"there is no such pack; there are {', '.join(self.ids)}", file=pack_id[:60])
            known = self._packs[pack_id] = load_pack(folder)
        return known

    def packs_of(self, vector: Vector) -> tuple[Pack, ...]:
        """Return the packs that a vector asks, with its tables.

        Raises:
            DataFileError: a pack is not there, or a table does not fit; with file and line of the vector.
        """
        return tuple(self._one(vector, pack_id) for pack_id in vector.packs)

    def _one(self, vector: Vector, pack_id: str) -> Pack:
        try:
            pack = self.pack(pack_id)
        except DataFileError as error:
            if error.file == pack_id[:60]:
                raise DataFileError(
                    f"pack {pack_id[:60]!r}: {error.reason}", file=vector.file, line=vector.line
                ) from error
            raise
        tables, until = vector.tables.get(pack_id), vector.fresh_until.get(pack_id)
        if not tables and until is None:
            return pack
        key = canonical_json([pack.ref.digest, tables, until])
        bound = self._bound.get(key)
        if bound is None:
            try:
                content = replace_tables(pack.content, dict(tables)) if tables else pack.content
            except (UsageError, PackError) as error:
                message = f"tables: {pack_id}: {error}"
                raise DataFileError(message, file=vector.file, line=vector.line) from error
            bound = self._bound[key] = bind(content, fresh_until=until)
        return bound


def case_of(vector: Vector, packs: tuple[Pack, ...]) -> Case:
    """Build a vector's candidate; item codes without system are of the first pack's."""
    return build(vector.facts, item_system=item_system_of(packs[0].content))
