"""Imaging files: found in a stable order in folders, DICOMDIRs and zip files; of every one it is said what it is.

Whatever is found is given out, also what is no object to be read (the DICOMDIR and the zip file themselves, files that
are missing or refused), with the issue that says so: files given are files in studies and files in issues.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from fhir_hr.adapters.dicom.media import read_directory
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.sources._zip_members import Member, ZipLimits, read_members

__all__ = ["DicomInput", "FileKind", "ZipLimits", "find_files"]

_DEFAULT = ZipLimits()
_INDEX = "dicomdir"
_NO_FILE = "this is no regular file; it was not read"


class FileKind(StrEnum):
    """What a file is, by its name and place; its contents are looked at when it is read."""

    OBJECT = "object"
    """To be read as a DICOM object."""
    JSON = "json"
    """To be read as DICOM JSON (``.json``)."""
    INDEX = "index"
    """A DICOMDIR; the files that it names are given out themselves."""
    ARCHIVE = "archive"
    """A zip file; its members are given out themselves."""
    NOTHING = "nothing"
    """Nothing that can be read; the issue says why."""


class DicomInput(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or member of a zip file.

    Attributes:
        source: its name: the path as given or found; of a member ``study.zip!/CT/IM1``.
        folder: the folder, or zip file, that it is counted under.
        kind: what it is.
        issues: what is to be said of it before, or instead of, reading it.
    """

    source: str
    folder: str
    kind: FileKind = FileKind.OBJECT
    issues: tuple[Issue, ...] = ()
    opener: Callable[[], BinaryIO] | None = None

    @property
    def readable(self) -> bool:
        """Whether there is something to be read: an object or DICOM JSON."""
        return self.kind in (FileKind.OBJECT, FileKind.JSON)

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises:
            OSError: it cannot be opened; the member of a zip file is broken.
            UsageError: it is not :attr:`readable`.
        """
        if not self.readable:
            msg = f"a file of kind {self.kind.value!r} is not to be read; see its issues"
            raise UsageError(msg)
        return self.opener() if self.opener is not None else Path(self.source).open("rb")

    def __repr__(self) -> str:
        return f"DicomInput({self.source!r}, {self.kind.value})"


def find_files(paths: Iterable[str], *, limits: ZipLimits = _DEFAULT) -> Iterator[DicomInput]:
    """Give out the files that paths stand for: files as given, folders, DICOMDIRs and zip files searched, sorted.

    Hidden files and folders inside a folder are left out; links to folders are not followed, and said. A path that does
    not exist is given out too, with its issue. A file that is named twice is given out twice, except by a DICOMDIR.
    """
    for path in paths:
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 - the path is text as given
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "impossible name"
            yield _nothing(path, IssueCode.UNREADABLE, f"the file could not be read: {why}")
            continue
        if not stat.S_ISDIR(mode):
            yield from _given_file(path, regular=stat.S_ISREG(mode), planned=frozenset({path}), limits=limits)
            continue
        found = list(_walk(path))
        planned = frozenset(name for name, _ in found)
        if not found:
            yield _nothing(path, IssueCode.EMPTY_INPUT, "the folder holds no files")
        for name, issue in found:
            if issue is not None:
                yield DicomInput(source=name, folder=_folder(name), kind=FileKind.NOTHING, issues=(issue,))
            else:
                yield from _given_file(name, regular=True, planned=planned, limits=limits)


def _walk(folder: str) -> Iterator[tuple[str, Issue | None]]:
    """The files of a folder, then those of its folders."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as scan:
                entries = sorted((entry for entry in scan if not entry.name.startswith(".")), key=lambda one: one.name)
        except OSError as error:
            why = error.strerror or "error"
            yield here, _error(IssueCode.UNREADABLE, f"the folder could not be read: {why}")
            continue
        for entry in entries:
            if not entry.is_dir():
                regular = entry.is_file()
                yield entry.path, None if regular else _error(IssueCode.UNREADABLE, _NO_FILE)
            elif entry.is_symlink():
                message = "a link to a folder; it was not followed"
                yield entry.path, _said(IssueCode.FILE_UNUSED, Severity.WARNING, message)
        folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        waiting += reversed(folders)


def _given_file(path: str, *, regular: bool, planned: frozenset[str], limits: ZipLimits) -> Iterator[DicomInput]:
    name = os.path.basename(path).lower()  # noqa: PTH119 - the path is text as given
    if not regular:
        yield _nothing(path, IssueCode.UNREADABLE, _NO_FILE)
    elif name == _INDEX:
        yield from _of_index(path, planned)
    elif name.endswith(".zip"):
        yield from _of_zip(path, limits)
    else:
        yield DicomInput(source=path, folder=_folder(path), kind=_kind(name))


def _kind(name: str) -> FileKind:
    return FileKind.JSON if name.lower().endswith(".json") else FileKind.OBJECT


# -- DICOMDIR ----------------------------------------------------------------------------------------


def _of_index(path: str, planned: frozenset[str]) -> Iterator[DicomInput]:
    try:
        with Path(path).open("rb") as file:
            read = read_directory(file)
    except OSError as error:
        yield _nothing(path, IssueCode.UNREADABLE, f"the file could not be read: {error.strerror or 'error'}")
        return
    yield _index(path, _folder(path), read.value, read.issues)
    folder = os.path.dirname(path)  # noqa: PTH120 - as given, so that files found by the walk have the same name
    names = _Names()
    given = set(planned)
    for file_id in read.value or ():
        source = f"{path}!{_shown(file_id)}"
        found = _resolved(folder, file_id, names)
        if found is None:
            message = "a file that the DICOMDIR names lies outside its folder, or its name is none; it was not read"
            yield _nothing(source, IssueCode.ARCHIVE_UNREADABLE, message, folder=_folder(path))
        elif not os.path.isfile(found):  # noqa: PTH113 - the path is text as given
            message = "a file that the DICOMDIR names is missing"
            yield _nothing(source, IssueCode.ARCHIVE_UNREADABLE, message, folder=_folder(path))
        elif found not in given:
            given.add(found)
            yield DicomInput(source=found, folder=_folder(found), kind=_kind(found))


def _index(source: str, folder: str, named: Sequence[tuple[str, ...]] | None, issues: tuple[Issue, ...]) -> DicomInput:
    if named is not None:
        message = f"a DICOMDIR, which names {len(named)} files; they are read themselves"
        issues = (*issues, _said(IssueCode.FILE_UNUSED, Severity.INFORMATION, message))
    return DicomInput(source=source, folder=folder, kind=FileKind.INDEX, issues=issues)


class _Names:
    """Entries of folders without regard to case, version (``;1``) and final dot, which file systems of media change."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}

    def of(self, folder: str, name: str) -> str:
        """The entry of a folder that is meant by a component; the component itself when there is none."""
        known = self._folders.get(folder)
        if known is None:
            try:
                known = {_folded(entry): entry for entry in sorted(os.listdir(folder or os.curdir), reverse=True)}  # noqa: PTH208
            except OSError:
                known = {}
            self._folders[folder] = known
        return known.get(_folded(name), name)


def _folded(name: str) -> str:
    return name.lower().removesuffix(";1").rstrip(".")


def _resolved(folder: str, file_id: tuple[str, ...], names: _Names) -> str | None:
    """The path of a file id below the folder of its DICOMDIR; ``None`` when it would leave that folder."""
    if not all(map(_is_component, file_id)):
        return None
    path = folder
    for part in file_id:
        path = os.path.join(path, names.of(path, part))  # noqa: PTH118 - names stay as the walk gives them
    root = os.path.realpath(folder or os.curdir)
    return path if os.path.commonpath((root, os.path.realpath(path))) == root else None


def _is_component(part: str) -> bool:
    return bool(part.strip(". ")) and not any(ch in "/\\:\0" or not ch.isprintable() for ch in part)


def _shown(file_id: tuple[str, ...]) -> str:
    return "/".join("".join(ch if ch.isprintable() else "\ufffd" for ch in part) for part in file_id)


# -- zip ---------------------------------------------------------------------------------------------


def _of_zip(path: str, limits: ZipLimits) -> Iterator[DicomInput]:
    members = read_members(path, limits=limits)
    if isinstance(members, Issue):
        yield DicomInput(source=path, folder=_folder(path), kind=FileKind.ARCHIVE, issues=(members,))
        return
    message = f"a zip file of {len(members)} files; they are read themselves"
    said = _said(IssueCode.FILE_UNUSED, Severity.INFORMATION, message)
    yield DicomInput(source=path, folder=_folder(path), kind=FileKind.ARCHIVE, issues=(said,))
    for member in members:
        source = f"{path}!/{member.name}"
        base = member.name.rpartition("/")[2].lower()
        if member.open is None or member.issue is not None:
            issues = (member.issue,) if member.issue is not None else ()
            yield DicomInput(source=source, folder=path, kind=FileKind.NOTHING, issues=issues)
        elif base == _INDEX:
            yield from _of_member_index(path, member.name, member.open, members)
        else:
            yield DicomInput(source=source, folder=path, kind=_kind(base), opener=member.open)


def _of_member_index(
    path: str, name: str, opener: Callable[[], BinaryIO], members: Sequence[Member]
) -> Iterator[DicomInput]:
    """A DICOMDIR in a zip file: its members are given out anyway, so only the missing ones are told."""
    source = f"{path}!/{name}"
    try:
        with opener() as file:
            read = read_directory(file)
    except OSError as error:
        message = f"the file could not be read: {error.strerror or 'error'}"
        yield _nothing(source, IssueCode.UNREADABLE, message, folder=path)
        return
    yield _index(source, path, read.value, read.issues)
    there = {_member_key(member.name) for member in members}
    base = name.rpartition("/")[0]
    for file_id in read.value or ():
        wanted = "/".join((*([base] if base else []), *file_id))
        if not all(map(_is_component, file_id)) or _member_key(wanted) not in there:
            message = "a file that the DICOMDIR names is not in the zip file"
            yield _nothing(f"{source}!{_shown(file_id)}", IssueCode.ARCHIVE_UNREADABLE, message, folder=path)


def _member_key(name: str) -> str:
    return "/".join(_folded(part) for part in name.split("/"))


def _nothing(source: str, code: IssueCode, message: str, *, folder: str | None = None) -> DicomInput:
    at = _folder(source) if folder is None else folder
    return DicomInput(source=source, folder=at, kind=FileKind.NOTHING, issues=(_error(code, message),))


def _folder(path: str) -> str:
    return str(Path(path).parent)


def _error(code: IssueCode, message: str) -> Issue:
    return _said(code, Severity.ERROR, message)


def _said(code: IssueCode, severity: Severity, message: str) -> Issue:
    return Issue(code=code, severity=severity, where="", message=message)
