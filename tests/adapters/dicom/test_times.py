"""DA, TM, DT and the offset: precision kept, what is impossible said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.adapters.dicom.facts.times import Zone, read_date_time, read_dt, read_zone
from fhir_hr.model.when import Precision

CHINA = Zone("+08:00", stated=False)


@pytest.mark.parametrize(
    ("date", "time", "iso", "precision"),
    [
        ("20260301", "0915", "2026-03-01T09:15:00+08:00", Precision.MINUTE),
        ("20260301", "09", "2026-03-01T09:00:00+08:00", Precision.HOUR),
        ("20260301", "091500", "2026-03-01T09:15:00+08:00", Precision.SECOND),
        ("20260301", "091500.123", "2026-03-01T09:15:00.123+08:00", Precision.FRACTION),
        ("20260301", "09:15:00", "2026-03-01T09:15:00+08:00", Precision.SECOND),
        ("20260301", None, "2026-03-01", Precision.DAY),
        ("20260301", "  ", "2026-03-01", Precision.DAY),
        ("2026.03.01", "0915", "2026-03-01T09:15:00+08:00", Precision.MINUTE),
        ("2026-3-1", None, "2026-03-01", Precision.DAY),
        ("202603", None, "2026-03", Precision.MONTH),
        ("2026", None, "2026", Precision.YEAR),
        ("20240229", None, "2024-02-29", Precision.DAY),
    ],
)
def test_what_is_stated_is_kept_as_precise_as_it_is(date, time, iso, precision):
    read = read_date_time(date, time, zone=CHINA)
    assert (read.when.iso, read.when.precision, read.problem) == (iso, precision, "")
    assert not read.when.zone_stated


@pytest.mark.parametrize(
    ("date", "time", "iso", "words"),
    [
        ("20260301", "2515", "2026-03-01", "the date alone was kept"),
        ("20260301", "0975", "2026-03-01T09:00:00+08:00", "what stands before the fault was kept"),
        ("20260301", "091560", "2026-03-01T09:15:00+08:00", "what stands before the fault was kept"),
        ("20260301", "091560.5", "2026-03-01T09:15:00+08:00", "what stands before the fault was kept"),
        ("20260301", "9h15", "2026-03-01", "the date alone was kept"),
        ("20260231", "0915", "2026-02", "what stands before the fault was kept"),
        ("20261301", None, "2026", "what stands before the fault was kept"),
        ("202603", "0915", "2026-03", "without a whole date"),
        ("00000000", "0915", None, "not a possible date; it was left out"),
        ("张三", None, None, "the value is not a possible date"),
        (None, "0915", None, "without a date"),
        ("20260301-20260302", None, None, "not a possible date"),
    ],
)
def test_what_is_impossible_is_said_and_the_rest_kept(date, time, iso, words):
    read = read_date_time(date, time, zone=CHINA)
    assert (read.when.iso if read.when else None) == iso
    assert words in read.problem
    assert "张三" not in read.problem


def test_no_time_at_all_is_no_problem():
    assert read_date_time(None, None, zone=CHINA) == (None, "")
    assert read_date_time("", "", zone=CHINA) == (None, "")


@pytest.mark.parametrize(
    ("text", "zone"),
    [("+0800", "+08:00"), ("-0330", "-03:30"), ("+08:00", "+08:00"), ("+00", "+00:00"), (" +0900 ", "+09:00")],
)
def test_a_stated_offset_is_taken(text, zone):
    assert read_zone(text) == (Zone(zone, stated=True), "")


@pytest.mark.parametrize("text", ["0800", "+1500", "+0860", "CST", "+" * 50])
def test_an_impossible_offset_is_said(text):
    zone, problem = read_zone(text, zone="+06:00")
    assert zone == Zone("+06:00", stated=False)
    assert "is not an offset from UTC; times were read as +06:00" in problem


def test_without_an_offset_the_senders_is_taken():
    assert read_zone("", zone="+06:00") == (Zone("+06:00", stated=False), "")


@pytest.mark.parametrize(
    ("text", "iso", "stated"),
    [
        ("20260301091500+0900", "2026-03-01T09:15:00+09:00", True),
        ("20260301091500.5", "2026-03-01T09:15:00.5+08:00", False),
        ("2026030109", "2026-03-01T09:00:00+08:00", False),
        ("202603", "2026-03", False),
        ("2026+0800", "2026", True),
    ],
)
def test_a_dt_has_its_own_offset(text, iso, stated):
    read = read_dt(text, zone=CHINA)
    assert (read.when.iso, read.when.zone_stated, read.when.source, read.problem) == (iso, stated, text, "")


def test_a_dt_that_is_none_is_said():
    assert read_dt("yesterday", zone=CHINA).problem == "the value is not a possible date and time; it was left out"
    assert "not an offset" in read_dt("20260301091500+9900", zone=CHINA).problem


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=8))
def test_any_text_is_read_or_said(date, time, offset):
    zone, zone_problem = read_zone(offset)
    read = read_date_time(date, time, zone=zone)
    assert zone.stated or zone_problem or not offset.strip()
    if read.when is None and (date.strip() or time.strip()):
        assert read.problem
    if read.when is not None:
        assert read.when.earliest < read.when.latest
    dt = read_dt(date, zone=zone)
    assert dt.when is not None or dt.problem or not date.strip()
