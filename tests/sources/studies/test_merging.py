"""One study is one prior, whoever knows of it; two patients never are."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.identity import NATIONAL_ID, PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.sources import Found, combine
from fhir_hr.sources.studies.merging import merge_studies


def prior(ident, *, card="999999199003072229", study="1.2.3", **more):
    return Prior(
        id=ident,
        kind=ReportKind.IMAGING,
        patient=PatientIdentity(identifiers=(Identifier(system=NATIONAL_ID, value=card),)),
        institution=Institution(id="H1"),
        name="胸部CT平扫",
        status=ResultStatus.FINAL,
        report_status=ReportStatus.FINAL,
        code=Concept(text="胸部CT平扫"),
        study_uid=study,
        **more,
    )


REPORT = prior("report", has_report=True, value_text="未见异常", superseded=False, report_mark="chuannei-hr")
IMAGES = prior("study", has_images=True, series_complete=True, device_model="SIM-64")


@pytest.mark.parametrize("given", [(REPORT, IMAGES), (IMAGES, REPORT)])
def test_report_and_images_are_one_and_the_report_comes_first(given):
    [one] = merge_studies(given)
    assert (one.id, one.has_report, one.has_images, one.series_complete) == ("report", True, True, True)
    assert (one.value_text, one.device_model, one.superseded, one.report_mark) == (
        "未见异常",
        "SIM-64",
        False,
        "chuannei-hr",
    )


def test_two_patients_under_one_uid_stay_two():
    assert len(merge_studies([REPORT, msgspec.structs.replace(IMAGES, patient=PatientIdentity(name="测试乙"))])) == 2


def test_another_study_stays_apart():
    assert len(merge_studies([REPORT, msgspec.structs.replace(IMAGES, study_uid="1.2.4")])) == 2


def test_items_that_differ_are_no_item():
    first = msgspec.structs.replace(REPORT, item=Code(system="s", code="a"))
    second = msgspec.structs.replace(IMAGES, item=Code(system="s", code="b"))
    assert merge_studies([first, second])[0].item is None
    assert merge_studies([first, IMAGES])[0].item == first.item


@pytest.mark.parametrize("codes", ["aba", "abb", "aab", "ab-a"])
def test_a_disputed_item_stays_unknown_whoever_comes_after(codes):
    given = [msgspec.structs.replace(IMAGES, item=None if c == "-" else Code(system="s", code=c)) for c in codes]
    [one] = merge_studies(given)
    assert one.item is None


def test_a_withdrawal_known_to_one_is_known_to_all():
    [one] = merge_studies([REPORT, msgspec.structs.replace(IMAGES, superseded=True)])
    assert one.superseded is True


def test_of_one_record_twice_the_doubt_wins_but_an_archives_silence_is_no_doubt():
    assert merge_studies([REPORT, msgspec.structs.replace(REPORT, superseded=None)])[0].superseded is None
    assert merge_studies([REPORT, IMAGES])[0].superseded is False


def test_a_copy_that_lacks_series_does_not_hide_a_whole_one():
    [one] = merge_studies([IMAGES, msgspec.structs.replace(IMAGES, series_complete=False)])
    assert one.series_complete is True


def test_sources_that_know_one_study_give_one_prior():
    gathered = combine([Found(source="platform", priors=(REPORT,)), Found(source="pacs", priors=(IMAGES,))])
    assert [each.id for each in gathered.priors] == ["report"]
