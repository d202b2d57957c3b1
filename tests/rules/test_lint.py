"""The remaining refusals of the loader: zones, divisions, empty lists, limits, texts."""

from __future__ import annotations

import pytest

from fhir_hr.errors import PackError
from fhir_hr.rules import load_pack_files


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("pack.yaml", 'zone: "+08:00"\n\nforce', 'zone: "Beijing"\n\nforce', "'Beijing' is no offset like +08:00"),
        ("pack.yaml", 'zone: "+08:00"\n    on_expired', 'zone: "+8"\n    on_expired', "'+8' is no offset like +08:00"),
        ("pack.yaml", 'divisions: ["510000"]', "divisions: []", "names no division"),
        ("pack.yaml", "fields: [method, reference-interval]", "fields: []", "names no field"),
        ("pack.yaml", "code: chuanyu-hr", "code: chuannei-hr", "a mark stands twice"),
        ("pack.yaml", "clause: 三(一)/mark}", "clause: 三(一)/mark, text: x}", "unknown key 'text'"),
        ("pack.yaml", "- {code: chuannei-hr, clause: 三(一)/mark}", "- chuannei-hr", "must be keys with values here"),
        ("items.csv", ",,,,,附件1/list", ",,99999,,,附件1/list", "window_days must lie between 0 and 36500"),
        ("items.csv", ",,,,,附件1/list", ",,,,,", "clause: empty"),
        ("exclusions.csv", "1,因病情变化", ",因病情变化", "case: empty"),
    ],
)
def test_the_rest_of_what_a_pack_must_keep_to(pack_files, name, old, new, words):
    text = pack_files[name].decode()
    assert old in text
    with pytest.raises(PackError) as caught:
        load_pack_files({**pack_files, name: text.replace(old, new, 1).encode()})
    assert words in str(caught.value)
    assert caught.value.file == name
    assert caught.value.line


def test_rows_that_users_supply_reach_the_engine(pack_files):
    rows = {
        "institutions.csv": b"T1,\xe7\x94\xb2\xe5\x8c\xbb\xe9\x99\xa2,3,A,public,510104,2022-09-01,,,\n",
        "suspensions.csv": b"T1,,2026-01-01,2026-01-31,made up,\n",
        "quality.csv": b"T1,cn-51-lab-01,eqa,passed,2026-01-01,2026-12-31,,\n",
        "negative.csv": b"cn-51-lab-01,2026-01-01,,made up,\n",
    }
    pack = load_pack_files({**pack_files, **{name: pack_files[name] + row for name, row in rows.items()}})
    content = pack.content
    assert (content.institutions[0].tier, content.institutions[0].start) == (3, "2022-09-01")
    assert content.suspensions[0].item is None
    assert content.quality[0].result == "passed"
    assert content.negative[0].end is None
    for name in rows:
        without = {key: data for key, data in pack_files.items() if key != name}
        assert load_pack_files(without).ref.id == "cn-51-lab"
