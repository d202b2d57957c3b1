"""A conformance run as JUnit XML, for build servers."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from fhir_hr.testing.conformance import CaseResult, SuiteResult

__all__ = ["junit"]

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: SuiteResult) -> str:
    """Return the run as one JUnit document: a test suite per group, a test case per vector."""
    groups: dict[str, list[CaseResult]] = {}
    for case in result.cases:
        groups.setdefault(case.group, []).append(case)
    failures = len(result.cases) - result.passed
    root = ET.Element(
        "testsuites",
        name="fhir-hr conformance",
        tests=str(len(result.cases)),
        failures=str(failures),
        errors=str(len(result.problems)),
        time=f"{result.seconds:.3f}",
    )
    for group, cases in groups.items():
        failed = sum(not case.passed for case in cases)
        suite = ET.SubElement(root, "testsuite", name=group, tests=str(len(cases)), failures=str(failed), errors="0")
        for case in cases:
            _add_case(suite, case)
    if result.problems:
        suite = ET.SubElement(root, "testsuite", name="conversation", tests="1", failures="0", errors="1")
        test = ET.SubElement(suite, "testcase", classname="conversation", name="the program keeps to the protocol")
        error = ET.SubElement(test, "error", message=_clean(result.problems[0]))
        error.text = _clean("\n".join(result.problems))
        ET.SubElement(suite, "system-err").text = _clean(result.stderr)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ET.Element, case: CaseResult) -> None:
    test = ET.SubElement(suite, "testcase", classname=case.group, name=_clean(f"{case.id}: {case.vector.name}"))
    if not case.passed:
        failure = ET.SubElement(test, "failure", message=_clean(case.differences[0]))
        failure.text = _clean("\n".join(case.differences))


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)
