"""A pack with rows that a user supplies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fhir_hr.errors import PackError, UsageError
from fhir_hr.model.priors import Ownership
from fhir_hr.rules import judge
from fhir_hr.rules.load import builtin_pack
from fhir_hr.rules.pack import bind_pack
from fhir_hr.rules.schema import InstitutionRow, SuspensionRow
from fhir_hr.rules.tables_of import item_system_of, with_rows

ISSUER = "T510104000000000I"


def ask(pack, case):
    return judge(case.item, case.prior, order=case.order, packs=[pack])


def test_suspensions_that_arrive_faster_than_the_rules(pack, make):
    stopped = with_rows(pack, suspensions=[SuspensionRow(uscc=ISSUER, start="2026-08-01", end="2026-08-31")])
    assert ask(stopped, make({})).outcome == "not"
    assert ask(pack, make({})).outcome == "must"
    assert stopped.ref.digest != pack.ref.digest
    assert with_rows(stopped, suspensions=[]).ref == pack.ref


def test_a_list_that_was_absent_is_complete_once_it_is_supplied():
    taiyuan = builtin_pack("cn-1401-imaging")
    assert taiyuan.content.item_system is None
    row = {"code": "x", "name_zh": "胸部平扫", "abbreviation": "", "clause": taiyuan.content.documents[0].clauses[0].id}
    full = with_rows(taiyuan, items=[row])
    assert full.content.list_state == "complete"
    assert full.content.item_system == item_system_of(taiyuan.content)
    assert full.content.item_system.endswith("/CodeSystem/recognised-item-cn-1401-imaging")
    assert with_rows(taiyuan, items=[row], list_state="partial", item_system="urn:x").content.item_system == "urn:x"
    assert with_rows(full, items=[]).content.list_state == "absent"


def test_institutions_of_a_pack_that_had_none_make_a_partial_list(pack):
    some = with_rows(pack, institutions=[{"uscc": "T1", "name": "甲医院"}])
    assert some.content.institutions_state == "partial"
    assert with_rows(some, institutions=[]).content.institutions_state == "absent"
    whole = with_rows(pack, institutions=[{"uscc": "T1", "name": "甲医院"}], institutions_state="complete")
    assert whole.content.institutions_state == "complete"


def test_the_end_of_the_index_is_kept(pack):
    until = datetime(2026, 9, 1, tzinfo=UTC)
    fresh = bind_pack(pack.content, fresh_until=until)
    assert with_rows(fresh, suspensions=[]).fresh_until == until
    assert with_rows(pack, fresh_until=until).ref.fresh_until == "2026-09-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("tables", "error", "words"),
    [
        ({"checks": []}, UsageError, "a pack has no table 'checks' that can be replaced; there are items, "),
        (
            {"suspensions": [{"uscc": 7}]},
            PackError,
            "cn-51-lab: suspensions[0]: Expected `str`, got `int` - at `$.uscc`",
        ),
        ({"suspensions": [{"uscc": "T1", "from": "2026"}]}, PackError, "unknown field `from`"),
        ({"suspensions": [{"uscc": "T1", "item": "x"}]}, PackError, "suspensions[0]: item 'x' is not in items.csv"),
        ({"quality": [{"uscc": "T1", "type": "eqa", "result": "passed", "end": "x"}]}, PackError, "to: 'x' is no date"),
        ({"institutions": [{"uscc": "T1", "name": "x", "tier": 9}]}, PackError, "tier: '9' is no level of a hospital"),
        ({"list_state": "some"}, PackError, "list_state: 'some' is not a valid ListState"),
        ({"institutions": [{"uscc": "T1", "name": "x"}] * 2}, PackError, "institutions[1]: repeats the key"),
    ],
)
def test_rows_that_do_not_fit_are_refused(pack, tables, error, words):
    with pytest.raises(error) as caught:
        with_rows(pack, **tables)
    assert words in str(caught.value)


def test_structs_that_hold_plain_text_are_read_anew():
    wuhan = builtin_pack("cn-4201")
    rows = [InstitutionRow(uscc="T1", name="甲", tier=3, ownership="public", clause="指南/scope")]
    (row,) = with_rows(wuhan, institutions=rows).content.institutions
    assert row.ownership is Ownership.PUBLIC
    with pytest.raises(PackError, match=r"institutions\[0\]: Invalid enum value"):
        with_rows(wuhan, institutions=[InstitutionRow(uscc="T1", name="甲", ownership="state")])


@pytest.mark.parametrize(
    ("name", "table", "row"),
    [
        ("cn-32", "suspensions", {"uscc": "T1", "start": "2026-01-01"}),
        ("cn-32-lab", "quality", {"uscc": "T1", "type": "eqa", "result": "failed"}),
        ("cn-350428", "institutions", {"uscc": "T1", "name": "甲", "clause": "二/scope"}),
    ],
)
def test_rows_that_no_check_reads_are_refused(name, table, row):
    with pytest.raises(PackError, match=f"{table}: no check of {name} reads them"):
        with_rows(builtin_pack(name), **{table: [row]})
    assert not getattr(with_rows(builtin_pack(name), **{table: []}).content, table)
