"""Which characters the bytes stand for: MSH-18, doubt, and the fall-backs.

Bytes are decoded before they are split: the second byte of a GBK character can equal ``\\``, ``^``, ``|`` or
``~`` (research: cn_standards §4.2). MSH-18 itself is ASCII and is read from the raw bytes.
"""

from __future__ import annotations

import re

from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.codes import CodeTable

__all__ = ["decode"]

_WIDE = re.compile(r"[\u0080-\U0010ffff]")
# What Chinese hospital text is made of: CJK, full-width forms, punctuation, Greek, arrows, units.
_PLAUSIBLE = re.compile(
    r"[\u00a0-\u00ff\u0370-\u03ff\u2000-\u206f\u2100-\u22ff\u2460-\u27bf\u3000-\u33ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
_WIDE_CODECS = frozenset({"utf-16", "utf-32"})
_FEW = 6
"""Bytes beyond ASCII below which chance is too likely to overrule a declared character set."""


def decode(
    raw: bytes, *, declared: str, charsets: CodeTable, sender_charset: str | None
) -> tuple[str, str, list[Problem]]:
    """Decode one message.

    Args:
        raw: bytes of one message.
        declared: MSH-18.1 as text, maybe empty.
        charsets: table of MSH-18 values to codecs.
        sender_charset: codec that the sender's profile states for an empty MSH-18.

    Returns:
        The text, the codec that was used, and what had to be assumed (field 18 of MSH).
    """
    row = charsets.get(declared) if declared else None
    if raw.isascii():
        # The codec still matters for hexadecimal escapes (``\XD5C5\``).
        codec = (row.target if row is not None else sender_charset) or "utf-8"
        return raw.decode("ascii"), "utf-8" if codec in _WIDE_CODECS else codec, []
    problems: list[Problem] = []
    wanted: str | None = None
    if declared:
        if row is None or row.target is None:
            why = "not known" if row is None else "not supported"
            problems.append(
                _problem(IssueCode.CHARSET_UNKNOWN, Severity.WARNING, f"character set '{declared[:40]}' is {why}")
            )
        else:
            # The frame begins with the bytes ``MSH``, so it is no UTF-16 or UTF-32 (any more).
            wanted = "utf-8" if row.target in _WIDE_CODECS else row.target
    elif sender_charset:
        wanted = sender_charset
    if wanted is not None:
        text = _strict(raw, wanted)
        if text is not None and not _really_utf8(raw, wanted):
            return text, wanted, problems
        problems.append(
            _problem(
                IssueCode.CHARSET_WRONG,
                Severity.WARNING,
                f"the bytes are not {declared or wanted}; they were read as %s",
            )
        )
    elif not problems:
        problems.append(
            _problem(
                IssueCode.CHARSET_ASSUMED,
                Severity.INFORMATION,
                "MSH-18 states no character set; the bytes were read as %s",
            )
        )
    else:
        problems[-1] = _problem(
            IssueCode.CHARSET_UNKNOWN, Severity.WARNING, problems[-1].message + "; the bytes were read as %s"
        )
    for codec, name in (("utf-8", "UTF-8"), ("gb18030", "GB18030")):
        text = _strict(raw, codec)
        if text is not None:
            return text, codec, _named(problems, name)
    fallback = wanted or _nearest(raw)
    text = raw.decode(fallback, errors="replace")
    problems = _named(problems, fallback.upper())
    problems.append(
        _problem(
            IssueCode.UNDECODABLE,
            Severity.ERROR,
            f"{text.count(chr(0xFFFD))} places could not be decoded as {fallback.upper()} "
            "nor as UTF-8 or GB18030; each is shown as U+FFFD",
        )
    )
    return text, fallback, problems


def _nearest(raw: bytes) -> str:
    """The likelier of UTF-8 and GB18030 for bytes that are neither: broken UTF-8 still holds whole characters."""
    text = raw.decode("utf-8", errors="replace")
    wide = len(_WIDE.findall(text))
    broken = text.count(chr(0xFFFD))
    return "utf-8" if wide - broken >= broken else "gb18030"


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _really_utf8(raw: bytes, codec: str) -> bool:
    """Whether bytes declared as something else are in truth UTF-8.

    GBK or Latin-1 text of several characters is almost never valid UTF-8 by chance, and taking it at its word
    turns names into noise without any error.
    """
    if codec in ("utf-8", "utf_8"):
        return False
    text = _strict(raw, "utf-8")
    if text is None:
        return False
    wide = _WIDE.findall(text)
    wide_bytes = len(raw) - (len(text) - len(wide))
    return wide_bytes >= _FEW and all(map(_PLAUSIBLE.match, wide))


def _problem(code: IssueCode, severity: Severity, message: str) -> Problem:
    return Problem(code=code, severity=severity, field="18", message=message)


def _named(problems: list[Problem], name: str) -> list[Problem]:
    return [_problem(p.code, p.severity, p.message.replace("%s", name)) if "%s" in p.message else p for p in problems]
