"""Reading what a stranger published."""

from __future__ import annotations

import json
import sys

import msgspec
import pytest

from fhir_hr.errors import PackRefusedError
from fhir_hr.rules.publishing.strict_json import MAX_DEPTH, read_json


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    a: int
    b: str = ""


def _refused(data: bytes, limit: int = 1_000_000, kind: type = Thing) -> PackRefusedError:
    with pytest.raises(PackRefusedError) as caught:
        read_json(data, kind, file="x.json", limit=limit)
    assert str(caught.value).startswith("x.json: ")
    return caught.value


def test_what_is_in_order_is_read():
    assert read_json(' {"b": "川", "a": 1}\n'.encode(), Thing, file="x.json", limit=99) == Thing(a=1, b="川")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": 1, "a": 2}', "duplicate key 'a'"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate key 'a'"),
        (b'{"a": 1, "b": "", "c": {}}', "unknown key 'c'"),
        (b"{}", "missing required field `a`"),
        (b'{"a": 1.0}', "numbers are whole"),
        (b'{"a": 1e3}', "numbers are whole"),
        (b'{"a": NaN}', "numbers are whole"),
        (b'{"a": -Infinity}', "numbers are whole"),
        (b'{"a": ' + b"9" * 17 + b"}", "a number of 17 digits"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "a number of 100000 digits"),
        (b'{"a": true}', "Expected `int`, got `bool`"),
        (b'{"a": "1"}', "Expected `int`, got `str`"),
        (b'{"a": 1, "b": "x\\u0000"}', "a NUL character"),
        (b'{"a": 1, "b": "\\ud800"}', "half of a surrogate pair"),
        (b'{"a": 1, "b": "\xff"}', "not UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": 1} {"a": 2}', "not JSON: Extra data"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"\x00" * 50, "not JSON"),
    ],
)
def test_what_is_not_is_refused_with_words(data, words):
    error = _refused(data)
    assert words in str(error)
    assert error.fault == "malformed"


def test_more_bytes_than_allowed_are_not_even_parsed():
    error = _refused(b"[" * 200, limit=100)
    assert (error.fault, "larger than 100 bytes" in str(error)) == ("too-large", True)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 300, 5_000, 100_000, 1_000_000])
def test_deep_nesting_is_refused_without_falling_over(opening, depth):
    closing = b"]" if opening == b"[" else b"}"
    error = _refused(opening * depth + b"1" + closing * depth, limit=20_000_000)
    assert f"nested deeper than {MAX_DEPTH}" in str(error)
    assert sys.getrecursionlimit() <= 10_000


def test_depth_is_counted_at_its_edge():
    def nested(depth: int) -> bytes:
        return json.dumps(json.loads("[" * depth + "]" * depth)).encode()

    assert read_json(nested(MAX_DEPTH), list, file="x.json", limit=999) == json.loads(nested(MAX_DEPTH))
    assert "nested deeper" in str(_refused(nested(MAX_DEPTH + 1), kind=list))


def test_a_long_word_of_a_stranger_is_not_repeated_in_full():
    assert len(str(_refused(b'{"' + b"k" * 5_000 + b'": 1, "' + b"k" * 5_000 + b'": 2}'))) < 200
