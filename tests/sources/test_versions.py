"""settle: the same set of messages, in any order, gives the same answer; and it never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.sources._versions import ReportMoment, Version, settle

from .conftest import at, prior

times = st.none() | st.integers(8, 14).map(lambda hour: at(f"{hour:02}:00"))
versions = st.lists(
    st.builds(
        lambda message, created, issued, status, report, value: Version(
            message=message,
            created=created,
            prior=prior(value=value, status=status, report_status=report, reported=issued),
        ),
        st.text("abcdef", min_size=1, max_size=3),
        times,
        times,
        st.sampled_from(ResultStatus),
        st.sampled_from(ReportStatus),
        st.sampled_from(["1.0", "2.0"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda version: version.message,
)
reports = st.lists(
    st.builds(
        lambda message, created, issued, status: ReportMoment(
            message=message, created=created, issued=issued, status=status
        ),
        st.text("abcdefgh", min_size=1, max_size=3),
        times,
        times,
        st.sampled_from(ReportStatus),
    ),
    max_size=4,
)


@given(versions, reports, st.randoms(use_true_random=False))
def test_order_never_matters(these, words, random):
    before = settle(these, reports=words)
    random.shuffle(these)
    random.shuffle(words)
    assert settle(these, reports=words) == before


@given(versions)
def test_a_withdrawn_answer_is_never_in_force(these):
    settled = settle(these)
    withdrawn = {"cancelled", "entered-in-error"}
    if settled.prior.status in withdrawn or settled.prior.report_status in withdrawn:
        assert settled.prior.superseded is True


@given(versions)
def test_the_latest_report_time_is_never_overruled_by_an_earlier_one(these):
    stated = [version for version in these if version.issued is not None]
    settled = settle(these)
    if len(stated) == len(these) and settled.prior.superseded is False:
        assert settled.version.issued.iso == max(version.issued.iso for version in stated)


def test_nothing_is_no_answer():
    with pytest.raises(ValueError, match="a result has at least one version"):
        settle([])


def test_a_withdrawn_report_that_came_back_is_in_force():
    back = Version(message="b", created=at("14:00"), prior=prior(reported=at("14:00")))
    gone = ReportMoment(message="a", created=at("12:00"), issued=at("12:00"), status="cancelled")
    assert settle([back], reports=[gone]).prior.superseded is False
    again = ReportMoment(message="c", created=at("15:00"), issued=at("15:00"), status="cancelled")
    assert settle([back], reports=[gone, again]).prior.superseded is True
