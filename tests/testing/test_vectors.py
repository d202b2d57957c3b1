"""Reading vectors: strict, bounded, with file and line; and finding their packs and tables."""

from __future__ import annotations

import json

import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.testing import vectors as module
from fhir_hr.testing.shelf import Shelf, case_of, find_packs, replaced_parts
from fhir_hr.testing.vectors import read_folder, read_vectors

BASE = {"order.at": "2026-08-20T10:00:00+08:00"}
EXPECT = {"outcome": "may", "codes": ["HR-MARK-ABSENT"]}


def line(**changes):
    vector = {"name": "a", "packs": ["cn-51-lab"], "facts": {}, "expect": EXPECT, **changes}
    return json.dumps({key: value for key, value in vector.items() if value is not None}).encode()


def read(*lines, pack=None):
    return read_vectors("vectors.jsonl", b"\n".join(lines), base=BASE, pack=pack)


def test_a_vector_is_merged_over_its_base_and_knows_its_place():
    (vector,) = read(b"", line(facts={"prior.name": "x"}, packs=None), pack="p")
    assert vector.packs == ("p",)
    assert vector.facts == {**BASE, "prior.name": "x"}
    assert vector.where == "vectors.jsonl:2"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([b"{"], r"vectors.jsonl:1: is no JSON"),
        ([b"[" * 100_000], r"vectors.jsonl:1: is no JSON \(RecursionError\)"),
        ([b'{"name": "\\ud800"}'], r"vectors.jsonl:1: is no JSON \(UnicodeEncodeError\)"),
        ([b'{"name": "a", "name": "b"}'], "the key 'name' stands twice"),
        ([b'{"name": "a", "facts": {"identity": "same", "identity": "unknown"}}'], "the key 'identity' stands twice"),
        ([line(), line()], "vectors.jsonl:2: the name 'a' stands twice"),
        ([line(fact={})], "unknown field `fact`"),
        ([line(facts={"prior.nam": "x"})], "there is no fact 'prior.nam'"),
        ([line(packs=None)], "names no packs, and stands beside none"),
        ([line(expect={"outcome": "perhaps", "codes": []})], "expect.outcome: Invalid enum value 'perhaps'"),
        ([line(expect={"outcome": "may", "codes": ["HR-NOTHING"]})], r"expect.codes\[0\]: Invalid enum value"),
        ([line(expect={**EXPECT, "effects": []})], "one effect for each code"),
        ([line(expect={**EXPECT, "expires": "2026-08"})], "is no moment"),
        ([line(fresh_until={"cn": "2026-08-20T10:00:00+08:00"})], "'cn' is none of the packs asked"),
        ([line(tables={"cn": {}})], "'cn' is none of the packs asked"),
    ],
)
def test_a_broken_line_is_an_error_with_its_place(lines, words):
    with pytest.raises(DataFileError, match=words):
        read(*lines)


def test_a_line_or_file_of_any_length_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "MAX_LINE", 50)
    with pytest.raises(DataFileError, match="the line is longer than 50 bytes"):
        read(line())
    monkeypatch.setattr(module, "MAX_FILE", 10)
    (tmp_path / "base.json").write_text(json.dumps(BASE))
    with pytest.raises(DataFileError, match="is larger than"):
        read_folder(tmp_path)


def test_a_folder_without_base_says_so(tmp_path):
    with pytest.raises(DataFileError, match=r"base\.json: cannot be read"):
        read_folder(tmp_path)


def test_tables_replace_rows_and_are_bound_once(rules):
    shelf = Shelf(find_packs(rules))
    tables = {"cn-51-lab": {"suspensions": [{"uscc": "T1", "start": "2026-08-01"}]}}
    one, two, plain = read(line(name="1", tables=tables), line(name="2", tables=tables), line(name="3"))
    (bound,) = shelf.packs_of(one)
    assert bound.content.suspensions[0].uscc == "T1"
    assert shelf.packs_of(two)[0] is bound
    assert shelf.packs_of(plain)[0].content.suspensions == ()
    assert replaced_parts(shelf.packs_of(plain)[0].content, bound.content, tables["cn-51-lab"]) == {
        "suspensions": bound.content.suspensions
    }


def test_an_item_without_system_is_of_the_first_pack(rules):
    shelf = Shelf(find_packs(rules))
    (vector,) = read(line(facts={"prior.item": "cn-51-lab-12"}))
    packs = shelf.packs_of(vector)
    assert case_of(vector, packs).prior.item.system == packs[0].content.item_system


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"packs": ["cn-99"]}, "vectors.jsonl:1: pack 'cn-99': there is no such pack; there are cn-51-lab"),
        ({"tables": {"cn-51-lab": {"item": []}}}, "vectors.jsonl:1: tables: .*no table 'item'"),
        (
            {"tables": {"cn-51-lab": {"suspensions": [{"uscc": "T1", "from": "2026"}]}}},
            "suspensions.*unknown field `from`",
        ),
        ({"tables": {"cn-51-lab": {"negative": [{"item": "no-such"}]}}}, "no-such"),
    ],
)
def test_a_pack_or_table_that_cannot_be_is_told_at_the_vector(rules, changes, words):
    (vector,) = read(line(**changes))
    with pytest.raises(DataFileError, match=words):
        Shelf(find_packs(rules)).packs_of(vector)


def test_two_packs_of_one_name_or_one_without_are_errors(rules):
    other = rules / "cn-51" / "other"
    other.mkdir()
    (other / "pack.yaml").write_text("pack: cn-51-lab\n")
    with pytest.raises(DataFileError, match=r"cn-51/other/pack\.yaml: pack 'cn-51-lab' stands in cn-51/lab too"):
        find_packs(rules)
    (other / "pack.yaml").write_text("version: 1\n")
    with pytest.raises(DataFileError, match="names no pack"):
        find_packs(rules)
