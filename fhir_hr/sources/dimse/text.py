r"""Query text as bytes, or not at all.

An encoder that puts ``?`` for what it cannot write turns ``欧阳*`` into ``??*``, and ``?`` is a DICOM wildcard
(PS3.4 C.2.2.2.4): every patient with three letters would be the answer. So text is encoded strictly, read back and
compared, and a text with ``?`` or ``\`` of its own is not sent.
"""

from __future__ import annotations

import unicodedata

from fhir_hr.errors import UsageError

__all__ = ["codec_of", "unsendable"]

_CODECS = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


def codec_of(charset: str) -> str:
    """Return the codec of a character set that may be asked in (PS3.3 C.12.1.1.2).

    Raises:
        UsageError: it is none of those without code extensions that are known here.

    Example:
        >>> codec_of("ISO_IR 192")
        'utf-8'
    """
    try:
        return _CODECS[charset]
    except KeyError as error:
        known = ", ".join(repr(each) for each in _CODECS if each)
        raise UsageError(f"character set {charset!r} cannot be asked in; known are {known}") from error


def unsendable(text: str, charset: str, *, wildcard: bool = False) -> str | None:
    r"""Return why a text must not be sent, or ``None`` when it may; never quotes it.

    Args:
        text: one value.
        charset: SpecificCharacterSet of the query.
        wildcard: whether ``*`` may stand in it.

    Example:
        >>> unsendable("欧阳*", "GB18030", wildcard=True) is None
        True
        >>> unsendable("欧阳", "ISO_IR 100")
        'not every character can be written in ISO_IR 100'
        >>> unsendable("a?", "GB18030")
        "'?' is a wildcard for any character"
    """
    if "?" in text:
        return "'?' is a wildcard for any character"
    if "*" in text and not wildcard:
        return "'*' is a wildcard for any text"
    if "\\" in text:
        return "'\\' parts one value from the next"
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
        return "control characters cannot be asked for"
    codec = codec_of(charset)
    try:
        same = text.encode(codec).decode(codec) == text
    except UnicodeError:
        same = False
    return None if same else f"not every character can be written in {charset or 'ISO_IR 6'}"
