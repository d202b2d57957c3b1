"""The remaining refusals of the loader: zones, divisions, empty lists, limits, texts."""

from __future__ import annotations

import copy
import hashlib
import json

import msgspec
import pytest

from fhir_hr.errors import PackError
from fhir_hr.rules import load_pack_files
from fhir_hr.rules.lint import check_content
from fhir_hr.rules.load import load_compiled, read_compiled
from fhir_hr.rules.pack import canonical_json
from fhir_hr.rules.schema import PackContent


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
        "institutions.csv": b"T1,\xe7\x94\xb2\xe5\x8c\xbb\xe9\x99\xa2,3,\xe7\x94\xb2,public,510104,2022-09-01,,,\n",
        "suspensions.csv": b"T1,,2026-01-01,2026-01-31,made up,\n",
        "quality.csv": b"T1,cn-51-lab-01,eqa,passed,2026-01-01,2026-12-31,,\n",
        "negative.csv": b"cn-51-lab-01,2026-01-01,,made up,\n",
    }
    files = {**pack_files, **{name: pack_files[name] + row for name, row in rows.items()}}
    with pytest.raises(
        PackError, match=r"pack\.yaml:\d+: institutions_state is absent, and institutions\.csv has rows"
    ):
        load_pack_files(files)
    head = files["pack.yaml"].replace(b"list_state: complete", b"list_state: complete\ninstitutions_state: partial")
    pack = load_pack_files({**files, "pack.yaml": head})
    content = pack.content
    assert (content.institutions[0].tier, content.institutions[0].start) == (3, "2022-09-01")
    assert content.suspensions[0].item is None
    assert content.quality[0].result == "passed"
    assert content.negative[0].end is None
    for name in rows:
        without = {key: data for key, data in pack_files.items() if key != name}
        assert load_pack_files(without).ref.id == "cn-51-lab"


THEN = {"effect": "discretion", "interpretation": "made up for this test"}


def first(data, kind):
    return next(spec for spec in data["checks"] if spec["check"] == kind)


def window(data, **changes):
    first(data, "window").update(changes)


def direction(data, **case):
    spec = {"check": "direction", "cases": [{"then": THEN, **case}], "otherwise": THEN, "on_unknown": THEN}
    data["checks"].append(spec)


WRONG = [
    ("checks[7]", lambda d: d.update(list_state="partial"), "needs on_open: the pack does not hold the whole list"),
    ("list_state", lambda d: d.update(list_state="absent"), "list_state is absent, and items.csv has rows"),
    ("institutions_state", lambda d: d.update(institutions_state="complete"), "institutions.csv has no rows"),
    ("item_system", lambda d: d.update(item_system=None), "item_system is needed for the items of the list"),
    ("jurisdiction", lambda d: d.update(level="city"), "'cn-51' is no jurisdiction of level city"),
    ("jurisdiction", lambda d: d.update(jurisdiction="cn-5"), "'cn-5' is no jurisdiction of level province"),
    ("pack", lambda d: d.update(pack="../x"), "'../x' is no pack id like cn-51-lab"),
    ("version", lambda d: d.update(version=" "), "version: needs a text like 2022.1.0"),
    ("vocabulary", lambda d: d.update(vocabulary="1.0"), "is written for vocabulary '1.0'; this library knows '1.1'"),
    ("kinds", lambda d: d.update(kinds=[]), "names no kind of report"),
    ("checks", lambda d: d.update(kinds=["laboratory", "imaging"]), "'exam_fit', which every pack on imaging needs"),
    ("applies.divisions", lambda d: d["applies"].update(divisions=["500000"]), "division 500000 lies outside cn-51"),
    ("applies.divisions", lambda d: d["applies"].update(divisions=["000000"]), "000000 is the whole country"),
    ("review_by", lambda d: d.update(review_by="2026-02-30"), "'2026-02-30' is no day like 2026-08-20"),
    ("verified.on", lambda d: d.update(verified={"by": "x", "on": "2026"}), "'2026' is no day like 2026-08-20"),
    ("effective", lambda d: d["effective"].update(to="2021"), "ends before it begins"),
    ("checks[11].on_valid", lambda d: d.update(force=None), "obliges, and the pack states no force"),
    ("delegates[0]", lambda d: d.update(delegates=["direction"]), "the pack has no check 'direction' to delegate"),
    ("delegates[0]", lambda d: d.update(delegates=["merge"]), "the pack has no check 'merge' to delegate"),
    ("duties[0].percent", lambda d: d["duties"][0].update(percent=101), "percent must lie between 1 and 100"),
    ("checks[20]", lambda d: d["checks"].append(first(d, "mark")), "the check 'mark' stands twice"),
    ("checks[18]", lambda d: window(d, anchor="unstated"), "needs on_unclear: the text does not say how to count"),
    ("checks[18]", lambda d: window(d, inclusive=None), "needs on_unclear: the text does not say how to count"),
    ("checks[18].limit_known", lambda d: window(d, max_days=3, limit_known=False), "and says that it was not seen"),
    ("checks[15]", lambda d: first(d, "complete")["fields"].append("images"), "needs on_unknown: it may be unknown wh"),
    ("items[0]", lambda d: d["items"][0].update(require=["images"]), "images belongs to the check 'complete'"),
    ("items[0]", lambda d: d["items"][0].update(includes=["x"]), "includes: 'x' is no other item of items.csv"),
    ("items[1]", lambda d: d["items"][1].update(code="cn-51-lab-01"), "repeats the key of another row"),
    ("items[2]", lambda d: d["items"][2].update(clause="x"), "clause 'x' is not in sources.yaml"),
    ("items[3]", lambda d: d["items"][3].update(start="2026-13"), "from: '2026-13' is no date"),
    ("refusal_reasons[0]", lambda d: d["refusal_reasons"][0].update(maps_to="x"), "'x' is not in the common list"),
    ("refusal_reasons[0]", lambda d: d["refusal_reasons"][0].update(needs=["cash"]), "needs: 'cash' is none of "),
    ("refusal", lambda d: d["refusal"].update(needs=["cash"]), "'cash' is none of consent, disease, "),
    ("negative[0]", lambda d: d.update(negative=[{"item": "x"}]), "item 'x' is not in items.csv"),
    ("weaken", lambda d: d.update(weaken=[{"case": "1", "reason": "x"}]), "is an overlay's, and the pack names none"),
    ("checks[20].cases[0].then", lambda d: direction(d, then={**THEN, "effect": "unknown"}), "is not unknown"),
    ("checks[20].cases[0].issuer", lambda d: direction(d, issuer={"tiers": [4]}), "4 is no level of a hospital"),
]


@pytest.mark.parametrize(("path", "change", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_a_compiled_pack_is_held_to_the_same_and_the_place_is_told(pack, path, change, words):
    data = json.loads(canonical_json(pack.content))
    change(data)
    content = msgspec.convert(data, PackContent)
    with pytest.raises(PackError) as caught:
        check_content(content)
    assert words in str(caught.value)
    assert f": {path}: " in str(caught.value)
    with pytest.raises(PackError) as again:
        load_compiled(canonical_json(content), file="x.json")
    assert str(again.value) == str(caught.value).replace(str(caught.value.file), "x.json", 1)


def test_only_marks_institutions_and_directions_may_oblige(pack):
    data = json.loads(canonical_json(pack.content))
    oblige = {"effect": "oblige", "interpretation": "made up for this test"}
    institution = first(data, "institution")
    institution["on_listed"] = oblige
    direction(data, then=oblige)
    check_content(msgspec.convert(data, PackContent))
    for spec in data["checks"]:
        for name, then in spec.items():
            if isinstance(then, dict) and (spec["check"], name) not in (
                ("mark", "on_valid"),
                ("institution", "on_listed"),
            ):
                changed = copy.deepcopy(data)
                changed["checks"][data["checks"].index(spec)][name] = oblige
                with pytest.raises(PackError):
                    check_content(msgspec.convert(changed, PackContent))


def test_a_compiled_pack_comes_back_as_it_was(pack):
    data = canonical_json(pack.content)
    loaded = load_compiled(data)
    assert loaded.ref == pack.ref
    assert loaded.content == pack.content
    assert load_compiled(data, digest=hashlib.sha256(data).hexdigest()).ref == pack.ref
    assert read_compiled(data)[1] == pack.ref.digest


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-1], "is not JSON in UTF-8"),
        (lambda data: b" " + data, "is not in canonical form"),
        (lambda data: data.replace(b'"panels":{', b'"panels":{"expand":false,', 1), "is not in canonical form"),
        (lambda data: data.replace(b'"level":"province",', b"", 1), "missing required field `level`"),
        (lambda data: data.replace(b'"items":[', b'"more":1,"items":[', 1), "unknown field `more`"),
        (lambda data: b"[" * 100_000, "Expected `object`"),
        (lambda data: b'{"pack":' * 5000, "x.json: "),
        (lambda data: b"\xff" + data, "is not JSON in UTF-8"),
        (lambda data: b"0" * 16_000_001, "larger than 16000000 bytes"),
    ],
)
def test_a_damaged_compiled_pack_is_refused(pack, damage, words):
    with pytest.raises(PackError) as caught:
        load_compiled(damage(canonical_json(pack.content)), file="x.json")
    assert words in str(caught.value)


def test_a_compiled_pack_must_have_its_manifests_digest(pack):
    with pytest.raises(PackError, match="has not the digest that its manifest states"):
        load_compiled(canonical_json(pack.content), digest="0" * 64)
