"""JUnit reports of pack runs, as build servers read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from fhir_hr.errors import StoreError

__all__ = ["JUnitCase", "write_junit"]

_ODD = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitCase(msgspec.Struct, frozen=True, kw_only=True):
    """One test: its suite, its name, and what went wrong, if anything."""

    suite: str
    name: str
    failure: str | None = None


def write_junit(path: str, cases: Iterable[JUnitCase]) -> None:
    """Write a JUnit file.

    Raises:
        StoreError: it cannot be written.
    """
    suites: dict[str, list[JUnitCase]] = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    root = Element("testsuites")
    for name, members in suites.items():
        failures = sum(case.failure is not None for case in members)
        suite = SubElement(root, "testsuite", name=name, tests=str(len(members)), failures=str(failures))
        for case in members:
            each = SubElement(suite, "testcase", classname=name, name=_ODD.sub("?", case.name))
            if case.failure is not None:
                said = _ODD.sub("?", case.failure)
                SubElement(each, "failure", message=said.partition("\n")[0]).text = said
    indent(root)
    try:
        Path(path).write_bytes(tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    except OSError as error:
        msg = f"--junit: the report could not be written: {error.strerror or type(error).__name__}"
        raise StoreError(msg) from error
