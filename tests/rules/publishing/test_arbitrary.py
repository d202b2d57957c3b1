"""Whatever bytes a stranger publishes, there is one kind of error."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.errors import DataFileError, PackRefusedError, UsageError
from fhir_hr.rules.publishing import load_public_key, load_trust, sm2
from fhir_hr.rules.publishing.keys import load_signing_key
from fhir_hr.rules.publishing.names import covers, inside, is_jurisdiction, jurisdiction_of, plain_path
from fhir_hr.rules.publishing.signatures import read_signatures
from fhir_hr.rules.publishing.verify import read_index, read_lane, read_manifest, verify_pack

RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.sampled_from(["cn-51-lab", "cn-51", "fhir-hr-pack/1", "fhir-hr-lane/1", "suspensions", "1.1", "../x", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | WORDS, inner, max_size=3),
    max_leaves=8,
)


@RELAXED
@given(st.binary(max_size=300) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes(data):
    for read in (read_manifest, read_index, read_lane, read_signatures):
        with contextlib.suppress(PackRefusedError):
            read(data)
    with contextlib.suppress(DataFileError):
        load_trust(data)
    for load in (load_public_key, load_signing_key):
        with contextlib.suppress(UsageError):
            load(data)
    sm2.from_der(data)
    assert not sm2.on_curve(data)


@RELAXED
@given(key=WORDS | st.text(max_size=5), value=VALUES, at=st.integers(0, 10))
def test_an_arbitrary_change_of_one_entry_of_a_manifest_is_refused_or_was_none(signed, trust, now, key, value, at):
    manifest = json.loads(signed["manifest.json"])
    names = sorted(manifest)
    manifest[names[at % len(names)] if at < len(names) else key] = value
    data = json.dumps(manifest).encode()
    if data == signed["manifest.json"]:
        return
    with pytest.raises(PackRefusedError):
        verify_pack({**signed, "manifest.json": data}, trust=trust, at=now)


@RELAXED
@given(st.text(max_size=30) | st.from_regex(r"cn(-[0-9ra]{1,6})?(-[a-z0-9]{1,5}){0,2}", fullmatch=True))
def test_names_agree_with_each_other(text):
    whose = jurisdiction_of(text)
    if whose is not None:
        assert is_jurisdiction(whose)
        assert text == whose or text.startswith(f"{whose}-")
        assert inside(whose, "cn")
        assert covers(f"{whose}*", whose)
        assert plain_path(text, file="x") == text
    with contextlib.suppress(PackRefusedError):
        assert ".." not in plain_path(text, file="x")
