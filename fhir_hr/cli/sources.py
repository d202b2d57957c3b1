"""Image archives as the command line names them: an address, or a file that describes several."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.cli.files import read_document
from fhir_hr.errors import DataFileError, UsageError
from fhir_hr.mapping.imaging_senders import ImagingSenders, load_imaging_senders
from fhir_hr.sources.studies import PatientNumbers, StudyArchive

__all__ = ["Archive", "open_archives"]

_MAX_BYTES = 1 << 20
_DIMSE = re.compile(
    r"dimse://(?:(?P<calling>[^@/:]{1,16}):)?(?P<called>[^@/:]{1,16})@(?P<host>[^@/:]+):(?P<port>\d+)/?"
)
_COMMON = ("name", "kind", "numbers")
_NUMBERS = ("assigner", "system", "issuer", "also_unstated")
_KEYS = {
    "dicomweb": (
        *("root", "token_env", "user_env", "password_env", "ca", "certificate", "key", "proxy", "plain_http"),
        *("deadline",),
    ),
    "dimse": (
        *("host", "port", "called_ae", "calling_ae", "charset", "answer_charset", "ca", "certificate", "key"),
        *("tls", "check_hostname", "deadline"),
    ),
}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}", re.ASCII)
_FLAGS = ("tls", "check_hostname", "plain_http")
_LONGEST = 3600
_NEEDED = {"dicomweb": ("name", "root"), "dimse": ("name", "host", "port", "called_ae")}


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive and which of a patient's numbers it knows.

    Attributes:
        archive: the archive.
        numbers: the numbers that it can be asked by; none for one that was named by its address alone.
    """

    archive: StudyArchive
    numbers: tuple[PatientNumbers, ...] = ()


def open_archives(
    addresses: Sequence[str], files: Sequence[str], *, senders: ImagingSenders | None = None
) -> list[Archive]:
    """Return the archives named.

    Args:
        addresses: ``https://host/dicom-web`` or ``dimse://[CALLING:]CALLED@host:port``.
        files: TOML files with ``[[source]]`` tables; secrets stand in the environment, never in them.
        senders: profiles of imaging senders; the packaged ones when left out.

    Raises:
        UsageError: an address that is none, a secret that the environment lacks, or no archive at all.
        DataFileError: a file that cannot be understood.
    """
    known = senders if senders is not None else load_imaging_senders()
    found = [Archive(archive=_of_address(each, known)) for each in addresses]
    for name in files:
        found += _of_file(name, known)
    if not found:
        msg = "no archive was named: give --source or --sources"
        raise UsageError(msg)
    names = [each.archive.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"two archives are called {twice!r}"
        raise UsageError(msg)
    return found


def _of_address(address: str, senders: ImagingSenders) -> StudyArchive:
    if address.lower().startswith(("https://", "http://")):
        from fhir_hr.sources.dicomweb import DicomWebArchive

        return DicomWebArchive(_host(address), address, senders=senders)
    match = _DIMSE.fullmatch(address)
    if match is None:
        what = "what --source says" if "@" in address else repr(address[:80])  # before "@" may stand a password
        msg = f"{what} is no archive; write https://host/dicom-web or dimse://[CALLING:]CALLED@host:port"
        raise UsageError(msg)
    from fhir_hr.sources.dimse import DimseArchive

    return DimseArchive(
        f"{match['called']}@{match['host']}:{match['port']}",
        match["host"],
        int(match["port"]),
        called_ae=match["called"],
        calling_ae=match["calling"] or "FHIRHR",
        senders=senders,
    )


def _host(address: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(address).netloc.rpartition("@")[2] or address


def _of_file(name: str, senders: ImagingSenders) -> list[Archive]:
    data = read_document(name, limit=_MAX_BYTES, what="archives")
    try:
        stated = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError(f"is no TOML in UTF-8: {error}", file=name) from error
    tables = stated.pop("source", None)
    if stated or not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise DataFileError("must hold [[source]] tables and nothing else", file=name)
    return [_of_table(each, number, name, senders) for number, each in enumerate(tables, 1)]


def _of_table(table: dict[str, Any], number: int, file: str, senders: ImagingSenders) -> Archive:
    where = f"source {number}"
    kind = table.get("kind")
    if kind not in _KEYS:
        raise DataFileError(f"{where}: kind must be one of {', '.join(_KEYS)}", file=file)
    unknown = [key for key in table if key not in (*_COMMON, *_KEYS[kind])]
    missing = [key for key in _NEEDED[kind] if key not in table]
    if unknown or missing:
        what = f"unknown key {unknown[0]!r}" if unknown else f"key {missing[0]!r} is missing"
        raise DataFileError(f"{where}: {what}", file=file)
    fault = next(filter(None, (_fault(key, value) for key, value in table.items() if key != "numbers")), None)
    if "key" in table and "certificate" not in table:
        fault = fault or "'key' belongs to a certificate"
    if "check_hostname" in table and not _tls(table):
        fault = fault or "'check_hostname' belongs to tls"
    if fault:
        raise DataFileError(f"{where}: {fault}", file=file)
    archive = _dicomweb(table, senders) if kind == "dicomweb" else _dimse(table, senders)
    return Archive(archive=archive, numbers=_numbers(table.get("numbers", []), where, file))


def _fault(key: str, value: object) -> str | None:
    """What is wrong with a value; never quotes it."""
    if key in _FLAGS:
        return None if isinstance(value, bool) else f"{key!r} must be true or false"
    if key == "port":
        return None if isinstance(value, int) and not isinstance(value, bool) else "'port' must be a whole number"
    if key == "deadline":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        good = number and 0 < float(str(value)) <= _LONGEST
        return None if good else f"'deadline' must be seconds, more than 0 and at most {_LONGEST}"
    return None if isinstance(value, str) and value else f"{key!r} must be text"


def _tls(table: dict[str, Any]) -> bool:
    """Whether a table asks for TLS: by name, or by naming certificates."""
    return table.get("tls") is True or any(key in table for key in ("ca", "certificate", "key"))


def _numbers(tables: object, where: str, file: str) -> tuple[PatientNumbers, ...]:
    if not isinstance(tables, list):
        raise DataFileError(f"{where}: numbers must be [[source.numbers]] tables", file=file)
    try:
        return tuple(msgspec.convert(_known_keys(each, where, file), PatientNumbers) for each in tables)
    except msgspec.ValidationError as error:
        raise DataFileError(f"{where}: numbers: {error}", file=file) from error


def _known_keys(table: object, where: str, file: str) -> object:
    for key in table if isinstance(table, dict) else ():
        if key not in _NUMBERS:
            raise DataFileError(f"{where}: numbers: unknown key {key!r}; there are: {', '.join(_NUMBERS)}", file=file)
    return table


def _dicomweb(table: dict[str, Any], senders: ImagingSenders) -> StudyArchive:
    from fhir_hr.sources.dicomweb import DicomWebArchive, DicomWebLimits

    certificate = table.get("certificate")
    key = table.get("key")
    basic = None
    if "user_env" in table or "password_env" in table:
        basic = (_secret(table, "user_env") or "", _secret(table, "password_env") or "")
    limits = DicomWebLimits(seconds=float(table["deadline"])) if "deadline" in table else DicomWebLimits()
    return DicomWebArchive(
        table["name"],
        table["root"],
        token=_secret(table, "token_env"),
        basic=basic,
        certificate=(certificate, key) if certificate and key else certificate,
        ca=table.get("ca"),
        proxy=table.get("proxy"),
        plain_http=table.get("plain_http", False) is True,
        senders=senders,
        limits=limits,
    )


def _dimse(table: dict[str, Any], senders: ImagingSenders) -> StudyArchive:
    from fhir_hr.sources.dimse import Bounds, DimseArchive, Tls

    tls = None
    if _tls(table):
        paths = {key: Path(table[key]) for key in ("ca", "certificate", "key") if key in table}
        tls = Tls(**paths, check_hostname=table.get("check_hostname", True) is not False)
    return DimseArchive(
        table["name"],
        table["host"],
        table["port"],
        called_ae=table["called_ae"],
        calling_ae=table.get("calling_ae", "FHIRHR"),
        charset=table.get("charset", "GB18030"),
        answer_charset=table.get("answer_charset"),
        tls=tls,
        bounds=Bounds(total=float(table["deadline"])) if "deadline" in table else None,
        senders=senders,
    )


def _secret(table: dict[str, Any], key: str) -> str | None:
    name = table.get(key)
    if name is None:
        return None
    value = os.environ.get(name) if "\0" not in name else None
    if not value:
        if _VARIABLE.fullmatch(name) is None:  # perhaps the secret itself
            raise UsageError(f"{key} names no environment variable; write its name, such as HR_TOKEN")
        msg = f"{key} names the environment variable {name!r}, and it is not set"
        raise UsageError(msg)
    return value
