"""Text of DICOM elements by SpecificCharacterSet (0008,0005), PS3.5 chapter 6 and PS3.3 C.12.1.1.2.

Decoded here and not by pydicom, which leaves the escapes of ``ISO 2022 IR 58`` in the text (3.0.2) and falls back
to ASCII on the misspelt terms that Chinese devices send. Bytes are decoded before anything is split: the second byte
of a GBK character can be ``\\``, ``^`` or ``=`` … never the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["Charset", "Decoded", "charset_of", "decode_name", "decode_text", "looks_chinese", "tidy_name"]

_LATIN = "iso8859_1"
_SINGLE = {
    "6": "ascii",
    "13": "shift_jis",
    "100": _LATIN,
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "166": "tis_620",
    "203": "iso8859_15",
}
"""Single-byte sets by registration number (PS3.3 tables C.12-2, C.12-3)."""
_G1_MULTI = {"58": "gb2312", "149": "euc_kr"}
_G0_MULTI = {"87": "jis208", "159": "jis212"}
_ALONE = {"GB18030": "gb18030", "GBK": "gb18030", "ISOIR192": "utf-8"}
"""Sets without code extension; GB18030 holds all of GBK with the same bytes."""
_TERMS = frozenset(
    [
        *(f"ISO_IR {n}" for n in _SINGLE if n != "6"),
        *("ISO_IR 192", "GB18030", "GBK", ""),
        *(f"ISO 2022 IR {n}" for n in (*_SINGLE, *_G1_MULTI, *_G0_MULTI)),
    ]
)
"""The defined terms; others are understood, and reported."""
_OTHER_SPELLINGS = {
    **dict.fromkeys(("UTF8", "UNICODE", "ISO192", "IR192", "ISO2022IR192", "UNICODEUTF8"), "ISOIR192"),
    **dict.fromkeys(("GB180300", "GB18030200", "GB180302000", "ISOIRGB18030", "ISO2022GB18030"), "GB18030"),
    **dict.fromkeys(("GB2312", "CP936", "ISO2022GBK", "ISOIRGBK", "ISOIR58", "GB231280"), "GBK"),
    **dict.fromkeys(("ISO202258", "ISO2022GB2312"), "ISO2022IR58"),
    **dict.fromkeys(("ASCII", "USASCII", "ISO646", "DEFAULT"), "ISOIR6"),
    **dict.fromkeys(("LATIN1", "ISO88591"), "ISOIR100"),
}
_ESCAPES: dict[bytes, tuple[int, str]] = {
    b"(B": (0, "ascii"),
    b"(J": (0, "ascii"),
    b"(I": (0, "katakana"),
    b")I": (1, "shift_jis"),
    b"$B": (0, "jis208"),
    b"$@": (0, "jis208"),
    b"$(D": (0, "jis212"),
    b"$)A": (1, "gb2312"),
    b"$)C": (1, "euc_kr"),
    **{
        b"-" + final: (1, _SINGLE[number])
        for final, number in zip(
            (b"A", b"B", b"C", b"D", b"F", b"G", b"H", b"L", b"M", b"T", b"b"),
            ("100", "101", "109", "110", "126", "127", "138", "144", "148", "166", "203"),
            strict=True,
        )
    },
}
"""What follows ESC: which half of the code table is designated (0: G0, 1: G1) and to what."""
_ESCAPE = re.compile(rb"\x1b(\$[()][A-Za-z]|\$[@A-Z]|[()\-][A-Za-z])")
_CONTROLS = re.compile(r"[\x80-\x9f]")
"""Letters that no Latin-1 text holds."""
_WIDE = re.compile(r"[\u0080-\U0010ffff]")
_PLAUSIBLE = re.compile(
    r"[\u00a0-\u00ff\u0370-\u03ff\u2000-\u206f\u2100-\u22ff\u2460-\u27bf\u3000-\u33ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
_CHINESE = re.compile(r"[\u00b7\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff5e\U00020000-\U0003ffff]")
_FEW = 6
"""Bytes beyond ASCII below which chance is too likely to overrule a stated character set."""
_TEXT_DELIMITERS = "\t\n\f\r\\"
_NAME_DELIMITERS = "\t\n\f\r\\^="


class Charset(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the text of one object is encoded.

    Attributes:
        stated: (0008,0005) as sent; empty when missing or empty.
        codec: Python codec of value 1; ``ascii`` for the default repertoire.
        others: codecs of sets without code extension named beside value 1, against the standard.
        g1: codec that ``ISO 2022`` values beyond the first designate in G1, when it is exactly one of several bytes.
        extended: whether code extensions (ESC) may be used.
        known: whether all terms were understood and at least one was stated.
        assumed: what to say of text beyond ASCII when the set was assumed.
        issues: what is odd about the terms themselves.
    """

    stated: tuple[str, ...] = ()
    codec: str = "ascii"
    others: tuple[str, ...] = ()
    g1: str | None = None
    extended: bool = False
    known: bool = False
    assumed: Issue | None = None
    issues: tuple[Issue, ...] = ()

    @property
    def name(self) -> str:
        """The terms as stated, for messages."""
        return _shown("\\".join(self.stated))


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """Text and what had to be assumed; ``where`` of the issue is left to the caller."""

    text: str
    issue: Issue | None = None


def charset_of(values: Iterable[str], *, assumed: str | None = None) -> Charset:
    """Return how text is encoded that states these values of (0008,0005).

    Args:
        values: the values in order; an empty first one is the default repertoire.
        assumed: term to take when nothing is stated or nothing stated is known (from a sender's profile).

    Example:
        >>> charset_of(["GB 18030"]).codec, charset_of(["", "ISO 2022 IR 58"]).g1
        ('gb18030', 'gb2312')
    """
    stated = tuple(value.strip(" \0") for value in values)
    if not any(stated):
        if assumed is None:
            return Charset()
        found = charset_of([assumed])
        said = _issue(
            IssueCode.CHARSET_ASSUMED, f"no character set is stated; {_shown(assumed)} was taken", informed=True
        )
        return msgspec.structs.replace(found, assumed=said)
    keys = [_key(value) for value in stated]
    issues = [
        _issue(IssueCode.CHARSET_WRONG, f"'{_shown(value)}' is no defined term; it was read as {_term(key)}")
        for value, key in zip(stated, keys, strict=True)
        if key is not None and value not in _TERMS
    ]
    unknown = [value for value, key in zip(stated, keys, strict=True) if key is None]
    issues += [_issue(IssueCode.CHARSET_UNKNOWN, f"character set '{_shown(value)}' is not known") for value in unknown]
    known = [key for key in keys if key is not None]
    if not any(known):
        if unknown and assumed is not None:
            found = charset_of([assumed])
            said = _issue(IssueCode.CHARSET_ASSUMED, f"{_shown(assumed)} was taken instead", informed=True)
            return msgspec.structs.replace(found, assumed=said, issues=tuple(issues))
        return Charset(stated=stated, known=not unknown, issues=tuple(issues))
    return _combine(stated, known, issues, complete=not unknown)


def _combine(stated: tuple[str, ...], keys: list[str], issues: list[Issue], *, complete: bool) -> Charset:
    alone = list(dict.fromkeys(_ALONE[key] for key in keys if key in _ALONE))
    if alone:
        if len(keys) > 1:
            said = f"'{_shown(chr(92).join(stated))}' may not stand together in one object"
            issues.append(_issue(IssueCode.CHARSET_WRONG, said))
        return Charset(stated=stated, codec=alone[0], others=tuple(alone[1:]), known=complete, issues=tuple(issues))
    numbers = [re.sub(r".*IR", "", key) for key in keys]
    first = numbers[0] if numbers[0] in _SINGLE else ""
    multi = [_G1_MULTI[number] for number in numbers if number in _G1_MULTI]
    return Charset(
        stated=stated,
        codec=_SINGLE.get(first, "ascii"),
        g1=multi[0] if len(set(multi)) == 1 else None,
        extended=len(keys) > 1 or any(key.startswith("ISO2022") for key in keys),
        known=complete,
        issues=tuple(issues),
    )


def _key(value: str) -> str | None:
    """A term without its spelling, ``""`` for the default repertoire, ``None`` when not known."""
    bare = re.sub(r"[^A-Z0-9]", "", value.upper())
    bare = _OTHER_SPELLINGS.get(bare, bare)
    if bare in _ALONE or not bare:
        return bare
    number = re.fullmatch(r"(?:ISOIR|ISO2022IR)(\d+)", bare)
    if number is None:
        return None
    if number[1] in _SINGLE:
        return bare
    return f"ISO2022IR{number[1]}" if number[1] in _G1_MULTI or number[1] in _G0_MULTI else None


def _term(key: str) -> str:
    spelt = re.sub(r"^ISO2022IR", "ISO 2022 IR ", re.sub(r"^ISOIR", "ISO_IR ", key))
    return spelt or "ISO_IR 6"


def decode_text(raw: bytes, charset: Charset, *, repair: bool = False, name: bool = False) -> Decoded:
    """Decode a value, all of its values together, before it is split.

    Args:
        raw: bytes of the element.
        charset: what the object states.
        repair: whether text that is in truth GB18030 or UTF-8 is decoded so, and flagged; otherwise the text is kept
            as stated, and the doubt is an issue.
        name: whether it is a person name, where ``^`` and ``=`` end a code extension too.

    Example:
        >>> decode_text(b"\\x1b$)A\\xcd\\xf5^\\x1b$)A\\xd0\\xa1", charset_of(["", "ISO 2022 IR 58"]), name=True).text
        '王^小'
    """
    if raw.isascii() and b"\x1b" not in raw:
        return Decoded(raw.decode("ascii"))
    found = _decode(raw, charset, repair=repair, name=name)
    return found if found.issue is not None else Decoded(found.text, charset.assumed)


def _decode(raw: bytes, charset: Charset, *, repair: bool, name: bool) -> Decoded:
    if b"\x1b" in raw and (charset.extended or charset.codec not in ("utf-8", "gb18030")):
        text, problem = _extended(raw, charset, name=name)
        return Decoded(text, problem and _issue(*problem))
    if charset.codec == "ascii":
        return _unstated(raw, charset, repair=repair)
    for codec in (charset.codec, *charset.others):
        # Of UTF-8 and GB18030 together, what is valid UTF-8 is hardly ever GB18030; the reverse happens often.
        if codec == "gb18030" and "utf-8" in (charset.codec, *charset.others) and _strict(raw, "utf-8") is not None:
            continue
        text_or_none = _strict(raw, codec)
        if text_or_none is not None:
            return _doubted(raw, text_or_none, codec, charset, repair=repair)
    if repair:
        for codec, term in (("gb18030", "GB18030"), ("utf-8", "ISO_IR 192")):
            text_or_none = _strict(raw, codec)
            if text_or_none is not None:
                return _repaired(text_or_none, charset, term)
    text = raw.decode(charset.codec, errors="replace")
    words = f"{text.count(chr(0xFFFD))} places are not {charset.name or 'the character set'}; each is shown as U+FFFD"
    return Decoded(text, _issue(IssueCode.UNDECODABLE, words, failed=True))


def decode_name(raw: bytes, charset: Charset, *, repair: bool = False) -> Decoded:
    """Decode a person name (PN); see :func:`decode_text` and :func:`tidy_name`."""
    found = decode_text(raw, charset, repair=repair, name=True)
    return Decoded("\\".join(map(tidy_name, found.text.split("\\"))), found.issue)


def tidy_name(text: str) -> str:
    """Take padding and empty groups at the end from one person name; nothing but delimiters is nothing.

    Example:
        >>> tidy_name("Wang^XiaoDong =王^小东= "), tidy_name("^^^=")
        ('Wang^XiaoDong=王^小东', '')
    """
    groups = [group.strip(" \0") for group in text.split("=")]
    while groups and not groups[-1].strip("^ "):
        groups.pop()
    return "=".join(groups)


def looks_chinese(text: str) -> str | None:
    """Return text that was read as Latin-1 as GB18030, when *all* of its letters beyond ASCII become Chinese ones.

    Example:
        >>> looks_chinese("Íõ^Ð¡¶«"), looks_chinese("Jérôme^Rüdiger")
        ('王^小东', None)
    """
    if not any("\x80" <= char <= "\xff" for char in text) or any(char > "\xff" for char in text):
        return None
    read = _strict(text.encode(_LATIN), "gb18030")
    if read is None:
        return None
    wide = [char for char in read if char >= "\x80"]
    if not all(map(_CHINESE.match, wide)):
        return None
    # ``ér`` is a character of GBK too: its second byte is a letter. Most Chinese ones are two bytes beyond ASCII.
    plain = sum(min(char.encode("gb18030")) >= 0x80 for char in wide)
    return read if 2 * plain >= len(wide) or _CONTROLS.search(text) else None


def _unstated(raw: bytes, charset: Charset, *, repair: bool) -> Decoded:
    """Bytes beyond ASCII where ASCII alone is allowed: kept as Latin-1, from which the bytes can be had back."""
    text = raw.decode(_LATIN)
    if repair:
        utf8 = _strict(raw, "utf-8")
        found = utf8 or looks_chinese(text)
        if found is not None:
            return _repaired(found, charset, "GB18030" if utf8 is None else "ISO_IR 192")
    if charset.stated:
        words = f"the bytes are not {charset.name}; they were kept as Latin-1"
        return Decoded(text, _issue(IssueCode.CHARSET_WRONG, words))
    words = "no character set is stated for text beyond ASCII; it was kept as Latin-1"
    return Decoded(text, _issue(IssueCode.CHARSET_UNKNOWN, words))


def _doubted(raw: bytes, text: str, codec: str, charset: Charset, *, repair: bool) -> Decoded:
    """Text that decodes as stated, and may still be something else."""
    other: tuple[str, str] | None = None
    if codec == _LATIN:  # what devices state without thought; in Greek or Russian all text is such pairs
        chinese = looks_chinese(text)
        other = (chinese, "GB18030") if chinese is not None else None
    if codec != "utf-8":
        utf8 = _really_utf8(raw)
        other = (utf8, "ISO_IR 192") if utf8 is not None else other
    if other is None:
        return Decoded(text)
    if repair:
        return _repaired(other[0], charset, other[1])
    words = f"the text is stated as {charset.name} and looks like {other[1]}; it was kept as stated"
    return Decoded(text, _issue(IssueCode.CHARSET_WRONG, words))


def _really_utf8(raw: bytes) -> str | None:
    """The text, when bytes stated as something else are in truth UTF-8: several letters are hardly so by chance."""
    text = _strict(raw, "utf-8")
    if text is None:
        return None
    wide = _WIDE.findall(text)
    size = len(raw) - (len(text) - len(wide))
    return text if size >= _FEW and all(map(_PLAUSIBLE.match, wide)) else None


def _repaired(text: str, charset: Charset, term: str) -> Decoded:
    words = f"the text was read as {term}, not as {charset.name or 'ASCII'}"
    return Decoded(text, _issue(IssueCode.CHARSET_REPAIRED, words))


# -- code extensions (ISO 2022) ---------------------------------------------------------------------------------


_Problem = tuple[IssueCode, str]


def _extended(raw: bytes, charset: Charset, *, name: bool) -> tuple[str, _Problem | None]:
    """Decode text with ESC sequences: G0 below 0x80, G1 above, both reset at each delimiter (PS3.5 6.1.2.5.3)."""
    delimiters = _NAME_DELIMITERS if name else _TEXT_DELIMITERS
    problem: _Problem | None = None
    if not charset.extended:
        problem = (IssueCode.CHARSET_WRONG, "escapes of ISO 2022 stand in text whose character set has none")
    g0, g1 = "ascii", charset.codec
    out: list[str] = []
    at = 0
    while at < len(raw):
        escape = _ESCAPE.match(raw, at)
        if escape is not None:
            designated = _ESCAPES.get(escape[1])
            if designated is None:
                problem = (IssueCode.CHARSET_UNKNOWN, "an escape of the text is not known; what follows was read on")
            elif designated[0]:
                g1 = designated[1]
            else:
                g0 = designated[1]
            at = escape.end()
            continue
        end = raw.find(b"\x1b", at + 1)
        part = raw[at : len(raw) if end < 0 else end]
        at += len(part)
        text, g0, g1, fault = _run(part, g0, g1, charset, delimiters)
        out.append(text)
        problem = problem or fault
    return "".join(out), problem


def _run(part: bytes, g0: str, g1: str, charset: Charset, delimiters: str) -> tuple[str, str, str, _Problem | None]:
    """Decode bytes without ESC; returns the text, what is designated after them, and a problem."""
    out: list[str] = []
    problem: _Problem | None = None
    at = 0
    while at < len(part):
        byte = part[at]
        if byte >= 0x80:
            end = at
            while end < len(part) and part[end] >= 0x80:
                end += 1
            text, fault = _high(part[at:end], g1, charset)
            out.append(text)
            problem = problem or fault
            at = end
        elif g0 in ("jis208", "jis212") and 0x21 <= byte <= 0x7E:
            text, fault = _pair(part[at : at + 2], g0)
            out.append(text)
            problem = problem or fault
            at += 2
        elif g0 == "katakana" and 0x21 <= byte <= 0x5F:
            out.append(bytes([byte | 0x80]).decode("shift_jis"))
            at += 1
        else:
            char = chr(byte)
            out.append(char)
            if char in delimiters:
                g0, g1 = "ascii", charset.codec
            at += 1
    return "".join(out), g0, g1, problem


def _pair(pair: bytes, g0: str) -> tuple[str, _Problem | None]:
    wide = bytes(byte | 0x80 for byte in pair)
    text = _strict((b"\x8f" if g0 == "jis212" else b"") + wide, "euc_jp") if len(pair) == 2 else None
    return (text, None) if text is not None else ("\ufffd", _undecodable(charset_name="ISO 2022 IR 87 or 159"))


def _high(raw: bytes, g1: str, charset: Charset) -> tuple[str, _Problem | None]:
    """Bytes above 0x7F by what G1 holds."""
    problem: _Problem | None = None
    if g1 == "ascii":
        # Some writers designate once and not again after a delimiter. Nothing else can be meant when only one set
        # of several bytes is stated.
        g1 = charset.g1 or _LATIN
        words = f"text beyond ASCII stands without an escape before it; it was read as {g1}"
        problem = (IssueCode.CHARSET_WRONG, words)
    for codec in (g1, "gb18030") if g1 == "gb2312" else (g1,):
        text = _strict(raw, codec)
        if text is not None:
            return text, problem
    return raw.decode(g1, errors="replace"), _undecodable(charset_name=charset.name or "the character set")


def _undecodable(*, charset_name: str) -> _Problem:
    return IssueCode.UNDECODABLE, f"bytes that are not {charset_name} are shown as U+FFFD"


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _shown(value: str) -> str:
    """A stated term for a message: technical, short, printable."""
    return "".join(char if " " <= char <= "~" else "?" for char in value[:40])


def _issue(code: IssueCode, message: str, *, informed: bool = False, failed: bool = False) -> Issue:
    severity = Severity.INFORMATION if informed else Severity.ERROR if failed else Severity.WARNING
    return Issue(code=code, severity=severity, where="(0008,0005)", message=message)
