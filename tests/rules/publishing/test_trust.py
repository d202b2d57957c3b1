"""The trust file is read strictly: a slip in it must not widen whom a hospital believes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.rules.publishing import Alg, load_trust


def _text(key, write_trust, **more):
    return write_trust((key, '"cn-51*"'), **more)


def test_a_trust_file_says_who_may_sign_what(key, write_trust):
    more = "from = 2026-01-01T00:00:00+08:00\nto = 2028-01-01T00:00:00+08:00\n"
    trust = load_trust(_text(key, write_trust, more=more).encode())
    [known] = trust.keys
    assert trust.key(key.public.kid) is known
    assert trust.key("0" * 40) is None
    assert [known.may_sign(each) for each in ("cn-51", "cn-5101", "cn-14", "cn")] == [True, True, False, False]
    edges = (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2025, 12, 31, 16, tzinfo=UTC))
    assert [known.valid(each) for each in edges] == [False, True]
    assert not known.valid(datetime(2027, 12, 31, 16, tzinfo=UTC))


def test_the_first_requirement_that_fits_counts(key, write_trust):
    more = '\n[[requirements]]\njurisdictions = ["cn-5101"]\nalgs = ["Ed25519"]\n'
    more += '\n[[requirements]]\njurisdictions = ["cn-51*"]\nalgs = ["Ed25519", "SM2-SM3"]\n'
    trust = load_trust((_text(key, write_trust) + more).encode())
    assert trust.required("cn-5101") == (Alg.ED25519,)
    assert trust.required("cn-51") == (Alg.ED25519, Alg.SM2_SM3)
    assert trust.required("cn-14") == (Alg.ED25519,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: "", "missing required field"),
        (lambda t: t.replace("require = ", "requires = "), "unknown key 'requires'"),
        (lambda t: t.replace('require = ["Ed25519"]', "require = []"), "require: Expected `array` of length >= 1"),
        (lambda t: t.replace('["Ed25519"]', '["ED25519"]'), "Invalid enum value 'ED25519'"),
        (lambda t: t.replace("fhir-hr-trust/1", "fhir-hr-trust/2"), "format: Invalid enum value"),
        (lambda t: t.replace('"cn-51*"', ""), "jurisdictions: Expected `array` of length >= 1"),
        (lambda t: t.replace("cn-51*", "*"), "'*' is no jurisdiction"),
        (lambda t: t.replace("cn-51*", "51"), "'51' is no jurisdiction"),
        (lambda t: t.replace('kid = "', 'kid = "0'), "keys[0].kid: the key given is "),
        (lambda t: t.replace("PUBLIC KEY", "KEY"), "keys[0].public: the key file holds a key"),
        (lambda t: t + 'from = "2026-01-01"\n', "keys[0].from: Invalid RFC3339"),
        (lambda t: t + "from = 2026-01-01T00:00:00\n", "keys[0].from: Expected `datetime` with a timezone component"),
        (lambda t: t + "from = 2026-01-01\n", "keys[0].from: Expected `datetime"),
        (
            lambda t: t + "from = 2027-01-01T00:00:00Z\nto = 2026-01-01T00:00:00Z\n",
            "keys[0]: ends before it begins",
        ),
        (lambda t: t + t[t.index("[[keys]]") :], "keys[1].kid: this key stands there twice"),
        (lambda t: t + 'name = "twice"\n', "not TOML"),
        (lambda t: t + "signs = []\n", "keys[0].signs: Expected `array` of length >= 1"),
        (lambda t: t + 'signs = ["all"]\n', "Invalid enum value 'all'"),
        (lambda t: t + "revoked = true\n", "unknown key 'revoked'"),
        (
            lambda t: t + '[[requirements]]\njurisdictions = ["x"]\nalgs = ["Ed25519"]\n',
            "requirements[0].jurisdictions",
        ),
        (lambda t: "a = " + "[" * 100_000, "not TOML"),
        (lambda t: "#" * 1_000_001, "larger than 1000000 bytes"),
    ],
)
def test_a_slip_in_it_is_an_error(key, write_trust, change, words):
    with pytest.raises(DataFileError) as caught:
        load_trust(change(_text(key, write_trust)).encode(), file="whom.toml")
    assert str(caught.value).startswith("whom.toml: ")
    assert words in str(caught.value)


def test_bytes_that_are_no_text_are_an_error():
    with pytest.raises(DataFileError, match="not UTF-8"):
        load_trust(b"\xff")
