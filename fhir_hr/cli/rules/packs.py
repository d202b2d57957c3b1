"""Packs on the command line: folders as given, or those that ship."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from fhir_hr.errors import DataFileError, PackError, UsageError
from fhir_hr.rules.load import builtin_pack, load_compiled, load_pack
from fhir_hr.rules.pack import Pack
from fhir_hr.testing.shelf import find_packs, rules_root

__all__ = [
    "add_packs",
    "as_given",
    "folders_of",
    "load_any",
    "load_folder",
    "read_folder",
    "read_moment",
    "serial_number",
]

_MOST = 16 << 20
_TEXTS = (".yaml", ".yml", ".csv")
_SHEETS = (".xlsx", ".xls", ".et", ".ods")


def add_packs(parser: argparse.ArgumentParser) -> None:
    """Add the folders and ``--builtin``."""
    parser.add_argument(
        "packs",
        nargs="*",
        metavar="PACK",
        help="folder of a pack, a folder with packs below it, or the name of one that ships",
    )
    parser.add_argument("--builtin", action="store_true", help="all packs that ship with the library")


def folders_of(options: argparse.Namespace) -> list[Path]:
    """Return the folders that the command speaks of, each once.

    Raises:
        UsageError: none is given, or one is no folder with packs.
    """
    found: list[Path] = []
    shipped = find_packs(rules_root())
    for name in options.packs:
        folder = Path(name)
        if not folder.exists() and name in shipped:
            found.append(shipped[name])
            continue
        below = sorted(path.parent for path in folder.rglob("pack.yaml")) if folder.is_dir() else []
        if not folder.is_dir():
            msg = (
                f"没有 {name!r} 这个文件夹；请给出 pack.yaml 所在的文件夹"
                f" · {name!r} is no folder; give the folder that holds pack.yaml"
            )
            raise UsageError(msg)
        if not below:
            msg = f"{name!r} 及其下没有 pack.yaml · there is no pack.yaml in {name!r} or below it"
            raise UsageError(msg)
        found += below
    if options.builtin:
        found += shipped.values()
    if not found:
        msg = "请写明规则包的文件夹，或用 --builtin · name the folder of a pack, or give --builtin"
        raise UsageError(msg)
    return list(dict.fromkeys(found))


def as_given(folder: Path) -> str:
    """Return a folder as people find it: below the current one, or inside the shipped packs."""
    root = rules_root()
    if not folder.is_absolute():
        return folder.as_posix()
    if folder.is_relative_to(Path.cwd()):
        return folder.relative_to(Path.cwd()).as_posix()
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files of a pack by name, each within a limit.

    What looks like a part of the pack and is none (``Items.CSV``, ``suspensions.xlsx`` without the table) is
    handed over as well, so that the loader can say so: a list must not be left out without a word.

    Raises:
        UsageError: one cannot be read.
    """
    files: dict[str, bytes] = {}
    try:
        for path in sorted(folder.iterdir()):
            ending = path.suffix.lower()
            unsaved = ending in _SHEETS and not path.name.startswith("~") and not path.with_suffix(".csv").exists()
            if ending not in _TEXTS and not unsaved:
                continue
            if not path.is_file():
                msg = f"{as_given(path)!r} 不是普通文件 · is no regular file"
                raise UsageError(msg)
            with path.open("rb") as file:
                files[path.name] = file.read(_MOST)
    except OSError as error:
        msg = f"{as_given(folder)!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error
    return files


def load_folder(folder: Path) -> Pack:
    """Return the pack of a folder; an error says which folder.

    Raises:
        DataFileError: it is broken.
    """
    try:
        return load_pack(folder)
    except PackError as error:
        file = error.file if error.file == folder.name else f"{as_given(folder)}/{error.file}"
        raise DataFileError(error.reason, file=file, line=error.line) from error


def load_any(name: str) -> Pack:
    """Return the pack of a folder, of a compiled ``.json`` file, or the shipped one of that name.

    Raises:
        DataFileError: it is broken, or there is none of that name.
        UsageError: the file cannot be read.
    """
    path = Path(name)
    if path.is_dir():
        return load_folder(path)
    if path.suffix == ".json":
        try:
            with path.open("rb") as file:
                return load_compiled(file.read(_MOST + 1))
        except OSError as error:
            msg = f"{name!r} could not be read: {error.strerror or type(error).__name__}"
            raise UsageError(msg) from error
    if path.name != name:
        msg = f"{name!r} is no folder of a pack and no compiled pack"
        raise UsageError(msg)
    return builtin_pack(name)


def serial_number(text: str) -> int:
    """Return the number of a publication, for ``argparse``.

    Raises:
        argparse.ArgumentTypeError: it is no whole number from 1 to 2⁵³ - 1.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and 1 <= int(text) < 1 << 53):
        msg = f"发布号须是从 1 起的整数 · {text[:40]!r} is no whole number from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def read_moment(text: str | None, option: str) -> datetime:
    """Return a moment: a day (its start in China), or a time with offset; now when left out.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        if len(text) == 10:
            date.fromisoformat(text)
            return datetime.fromisoformat(f"{text}T00:00:00+08:00")
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{option} {text[:40]!r} is no day like 2026-08-20 and no time like 2026-08-20T10:00:00+08:00"
        raise UsageError(msg) from error
    if at.tzinfo is None:
        msg = f"{option} {text!r} needs an offset, like +08:00"
        raise UsageError(msg)
    return at
