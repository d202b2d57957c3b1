"""Times with partial precision: what they can mean, and comparison that can answer "unknown"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.model.when import Precision, When, compare


def when(iso: str, precision: Precision, zone: str = "+08:00") -> When:
    return When(iso=iso, precision=precision, zone=zone)


@pytest.mark.parametrize(
    ("one", "first", "after"),
    [
        (when("2026", Precision.YEAR), "2025-12-31T16:00:00", "2026-12-31T16:00:00"),
        (when("2026-12", Precision.MONTH), "2026-11-30T16:00:00", "2026-12-31T16:00:00"),
        (when("2024-02", Precision.MONTH), "2024-01-31T16:00:00", "2024-02-29T16:00:00"),
        (when("2026-08-20", Precision.DAY), "2026-08-19T16:00:00", "2026-08-20T16:00:00"),
        (when("2026-08-20", Precision.DAY, "-05:00"), "2026-08-20T05:00:00", "2026-08-21T05:00:00"),
        (when("2026-08-20T09:00:00+08:00", Precision.HOUR), "2026-08-20T01:00:00", "2026-08-20T02:00:00"),
        (when("2026-08-20T09:20:00+08:00", Precision.MINUTE), "2026-08-20T01:20:00", "2026-08-20T01:21:00"),
        (when("2026-08-20T09:20:30+08:00", Precision.SECOND), "2026-08-20T01:20:30", "2026-08-20T01:20:31"),
    ],
)
def test_bounds(one: When, first: str, after: str) -> None:
    assert one.earliest == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert one.latest == datetime.fromisoformat(after).replace(tzinfo=UTC)


def test_comparison_says_unknown_where_precision_does_not_tell() -> None:
    day = when("2026-08-20", Precision.DAY)
    assert compare(when("2026", Precision.YEAR), day) is None
    assert compare(day, day) is None
    assert compare(day, when("2026-08-20T23:00:00+08:00", Precision.SECOND)) is None
    assert compare(day, when("2026-08-21T00:00:00+08:00", Precision.SECOND)) == -1
    # The same calendar day in another zone is another span of time.
    assert compare(day, when("2026-08-20T17:00:00+00:00", Precision.SECOND, "+00:00")) == -1


@pytest.mark.parametrize(
    ("edge", "told"),
    [
        (When(iso="0001", precision=Precision.YEAR), -1),
        (When(iso="0001-01-01T00:00:00+08:00", precision=Precision.SECOND), -1),
        (When(iso="9999", precision=Precision.YEAR), 1),
        (When(iso="9999-12", precision=Precision.MONTH), 1),
        (When(iso="9999-12-31", precision=Precision.DAY), 1),
        (When(iso="9999-12-31T23:59:59-12:00", precision=Precision.SECOND), 1),
        (When(iso="2026-02-30", precision=Precision.DAY), None),
    ],
)
def test_the_ends_of_the_calendar_are_compared_and_raise_nothing(edge: When, told: int | None) -> None:
    today = When(iso="2026-08-20", precision=Precision.DAY)
    assert compare(edge, today) == told
    assert compare(today, edge) == (None if told is None else -told)


def test_the_same_moment_in_two_zones_is_the_same() -> None:
    a = when("2026-08-20T09:20:30+08:00", Precision.SECOND)
    b = when("2026-08-20T01:20:30+00:00", Precision.SECOND, "+00:00")
    assert compare(a, b) == 0


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a time without zone is not a moment"):
        When.from_datetime(datetime(2026, 8, 20))


moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(When.from_datetime)


@given(moments, moments)
def test_comparison_is_antisymmetric_and_agrees_with_datetime(a: When, b: When) -> None:
    found, back = compare(a, b), compare(b, a)
    assert (found is None) == (back is None)
    if found is not None and back is not None:
        assert found == -back
        assert found == (a.earliest > b.earliest) - (a.earliest < b.earliest)
