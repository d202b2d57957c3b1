"""Refusal reasons: what each asks for, what still lacks, and the common list."""

from __future__ import annotations

import pytest

from fhir_hr.errors import PackError, UsageError
from fhir_hr.rules.load import builtin_pack, builtin_packs
from fhir_hr.rules.refusals import (
    Need,
    check_refusal,
    common_refusals,
    counts_as_refusal,
    parse_common_refusals,
    refusal_needs,
)

GENERAL = ("inform-patient", "patient-consent-to-repeat", "note-consent", "note-reason")


def test_what_a_refusal_asks_for(pack):
    assert refusal_needs(pack, "1") == GENERAL
    assert refusal_needs(pack, "6") == (*GENERAL, "text")
    assert refusal_needs(pack, "6", patient_agrees=False) == (
        "inform-patient", "note-reason", "patient-signature", "note-refusal", "text",
    )  # fmt: skip


def test_what_is_still_missing_before_it_can_be_recorded(pack):
    assert check_refusal(pack, "6") == (Need.INFORM_PATIENT, Need.PATIENT_CONSENT, Need.TEXT)
    assert check_refusal(pack, "6", informed=True, consent=True, text=" ") == (Need.TEXT,)
    assert check_refusal(pack, "6", informed=True, consent=True, text="术前复查") == ()
    assert check_refusal(pack, "1", informed=True, consent=False) == (Need.PATIENT_SIGNATURE,)
    assert check_refusal(pack, "1", informed=True, consent=False, patient_signature=True) == ()


def test_a_pack_without_reasons_uses_the_common_ones():
    jiangsu = builtin_pack("cn-r-jjj")
    assert jiangsu.content.refusal_reasons == ()
    assert Need.DISEASE in refusal_needs(jiangsu, "serial-monitoring")
    assert not counts_as_refusal(jiangsu, "serial-monitoring")
    assert Need.DISEASE in check_refusal(jiangsu, "serial-monitoring", informed=True, consent=True, disease=" ")
    assert Need.DISEASE not in check_refusal(jiangsu, "serial-monitoring", informed=True, disease="甲亢")


def test_an_unknown_reason_is_refused(pack):
    with pytest.raises(UsageError, match="cn-51-lab has no refusal reason '99'"):
        refusal_needs(pack, "99")
    with pytest.raises(UsageError, match="cn-51-lab has no refusal reason 'other'"):
        counts_as_refusal(pack, "other")


def test_every_reason_of_every_pack_maps_to_the_common_list():
    common = common_refusals()
    assert len(common) >= 10
    for pack in builtin_packs():
        for row in pack.content.refusal_reasons:
            assert row.maps_to in common, (pack.ref.id, row.code)
            assert counts_as_refusal(pack, row.code) == row.counts_as_refusal
            refusal_needs(pack, row.code)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"a,x,y,maybe,,s\n", "refusal-reasons.csv:2: counts_as_refusal: 'maybe' is none of yes, no"),
        (b"a,x,y,yes,cash,s\n", "refusal-reasons.csv:2: needs: 'cash' is not a valid Need"),
        (b"a,x,y,yes,,\n", "refusal-reasons.csv:2: source: empty"),
        (b"a,,y,yes,,s\n", "refusal-reasons.csv:2: zh: empty"),
    ],
)
def test_a_broken_common_list_is_told(row, words):
    with pytest.raises(PackError) as caught:
        parse_common_refusals(b"code,zh,en,counts_as_refusal,needs,source\n" + row)
    assert words in str(caught.value)
