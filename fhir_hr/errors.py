"""The exception tree of the library.

Exceptions are for a caller's mistake, a broken data file or a lost peer. What is wrong with a
*message* is never an exception: it is an :class:`fhir_hr.issues.Issue` with its place.

.. code-block:: text

    FhirHrError
    ├── UsageError            the caller asked for something that cannot be
    ├── MissingExtraError     an optional package is not installed; names the extra
    ├── DataFileError         a mapping table or profile that ships or was supplied is broken (file, line)
    │   └── PackError         a rule pack is broken
    │       └── PackRefusedError  a published pack, index or lane is not to be trusted; coded
    ├── StoreError            the prior store cannot be opened, read or written
    ├── PeerLostError         a remote archive refused, broke off or was too slow; an answer's state in the end
    └── InvariantError        the library broke its own promise (a bug): nothing may be written
"""

from __future__ import annotations

__all__ = [
    "DataFileError",
    "FhirHrError",
    "InvariantError",
    "MissingExtraError",
    "PackError",
    "PackRefusedError",
    "PeerLostError",
    "StoreError",
    "UsageError",
]


class FhirHrError(Exception):
    """Base of every exception that this library raises on purpose."""


class UsageError(FhirHrError):
    """The caller asked for something that cannot be (unknown release, naive time, bad option)."""


class MissingExtraError(FhirHrError):
    """An optional package is not installed.

    Example:
        >>> str(MissingExtraError(package="highdicom", extra="dicom-marks"))
        "this needs 'highdicom'; install it with: pip install 'fhir-hr[dicom-marks]'"
    """

    def __init__(self, *, package: str, extra: str) -> None:
        super().__init__(f"this needs '{package}'; install it with: pip install 'fhir-hr[{extra}]'")
        self.package = package
        self.extra = extra


class DataFileError(FhirHrError):
    """A data file (mapping table, sender profile, profile) is broken; says which file and line.

    Example:
        >>> str(DataFileError("unknown column 'x'", file="items.csv", line=1))
        "items.csv:1: unknown column 'x'"
    """

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        super().__init__(f"{file}:{line}: {message}" if line is not None else f"{file}: {message}")
        self.file = file
        self.line = line
        self.reason = message


class PackError(DataFileError):
    """A rule pack is broken; says which file and line."""


class PackRefusedError(PackError):
    """A published pack, index or lane is not taken over; ``fault`` says why, as a permanent code.

    Example:
        >>> str(PackRefusedError("serial 3 after 4", fault="rolled-back", file="manifest.json"))
        'manifest.json: serial 3 after 4 (rolled-back)'
    """

    def __init__(self, message: str, *, fault: str, file: str) -> None:
        super().__init__(f"{message} ({fault})", file=file)
        self.fault = fault


class PeerLostError(FhirHrError):
    """A remote archive refused, broke off or was too slow; sources turn it into the state of their answer.

    Attributes:
        refused: whether it answered and would not: another try changes nothing.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class StoreError(FhirHrError):
    """The prior store cannot be opened, read or written."""


class InvariantError(FhirHrError):
    """The library broke a promise that it checks at run time (for example the OBX count).

    This is a bug in the library, never the sender's fault; nothing is written when it is raised.
    """
