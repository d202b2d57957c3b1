"""The store's tables, and opening a file of them safely."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from fhir_hr.errors import StoreError

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "open_for_reading", "open_for_writing"]

APPLICATION_ID = 0x66484852
"""``fHHR``: marks a SQLite file as a prior store."""

SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE version (
    prior_id TEXT NOT NULL,
    message TEXT NOT NULL,
    created BLOB,
    body BLOB NOT NULL,
    PRIMARY KEY (prior_id, message)
) WITHOUT ROWID;
CREATE TABLE report_version (
    report_id TEXT NOT NULL,
    message TEXT NOT NULL,
    created BLOB,
    issued BLOB,
    status TEXT NOT NULL,
    PRIMARY KEY (report_id, message)
) WITHOUT ROWID;
CREATE TABLE prior (
    id TEXT NOT NULL PRIMARY KEY,
    report_id TEXT,
    performed TEXT,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX prior_by_report ON prior (report_id);
CREATE TABLE identifier (
    key TEXT NOT NULL,
    prior_id TEXT NOT NULL,
    PRIMARY KEY (key, prior_id)
) WITHOUT ROWID;
CREATE INDEX identifier_by_prior ON identifier (prior_id);
"""


def open_for_reading(path: Path, *, wait: float) -> sqlite3.Connection:
    """Open an existing store, read-only.

    Raises:
        StoreError: the file is missing, is no store, or has another schema version.
        sqlite3.Error: it is locked or damaged.
    """
    if not path.is_file():
        msg = f"the store file {path.name!r} does not exist"
        raise StoreError(msg)
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=wait)
    try:
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_writing(path: Path, *, wait: float) -> sqlite3.Connection:
    """Open a store for writing; make it when the file does not exist or is empty.

    Raises:
        StoreError: the file is no store, or has another schema version.
        sqlite3.Error: it is locked, damaged or cannot be made.
    """
    is_new = not path.exists() or path.stat().st_size == 0
    if is_new and path.parent.is_dir():
        # Patient data: nobody but the owner reads it, from its first byte.
        with contextlib.suppress(OSError):
            path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        if is_new:
            _create(connection)
        _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        msg = f"{path.name!r} is not a prior store of this library"
        raise StoreError(msg)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        msg = f"{path.name!r} has schema version {version}, this library reads and writes {SCHEMA_VERSION}"
        raise StoreError(msg)
