"""The time line: well-formed, nothing left out unsaid, and no patient in it."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.model.codes import Code
from fhir_hr.model.imaging import Completeness, CompletenessVerdict, Study
from fhir_hr.model.people import HumanName, Organization, Patient
from fhir_hr.model.when import Precision, When
from fhir_hr.outputs.timeline import MOST_ROWS, timeline_svg

SVG = "{http://www.w3.org/2000/svg}"


def study(number, day="2026-03-01", **more):
    when = When(iso=day, precision=Precision.DAY) if day else None
    return Study(uid=f"1.2.{number}", started=when, modalities=("CT",), **more)


def texts(svg):
    return [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def dots(svg):
    return list(ElementTree.fromstring(svg).iter(f"{SVG}circle"))


def test_the_latest_is_first_and_unknown_time_is_last_without_a_dot():
    svg = timeline_svg([study(1, "2025-01-01"), study(2, None), study(3, "2026-01-01")])
    days = [text for text in texts(svg) if text in ("2025-01-01", "2026-01-01", "时间不明")]
    assert days == ["2026-01-01", "2025-01-01", "时间不明"]
    assert len(dots(svg)) == 2


def test_the_later_study_stands_further_right():
    later, earlier = (float(dot.get("cx")) for dot in dots(timeline_svg([study(1, "2024-01-01"), study(2)])))
    assert earlier < later


def test_only_a_certain_item_fills_the_dot_and_names_the_row():
    item = Code(code="cn-51-img-26", display="胸部CT平扫")
    svg = timeline_svg([study(1, "2026-01-02", item=item), study(2, "2026-01-01", description="胸部")])
    certain, open_one = dots(svg)
    assert certain.get("fill") == certain.get("stroke")
    assert open_one.get("fill") == "#ffffff"
    assert {"胸部CT平扫", "胸部"} <= set(texts(svg))


def test_an_archives_own_count_is_not_called_complete():
    svg = timeline_svg([study(1, completeness=Completeness(verdict=CompletenessVerdict.COMPLETE_PER_ARCHIVE))])
    assert "与归档一致" in texts(svg)
    assert "完整" not in texts(svg)


def test_how_many_are_left_out_is_said():
    svg = timeline_svg([study(number) for number in range(MOST_ROWS + 3)])
    assert len(dots(svg)) == MOST_ROWS
    assert "另有 3 项未画出" in texts(svg)[-1]


def test_the_patient_is_not_in_the_picture():
    patient = Patient(names=(HumanName(text="测试甲"),))
    assert "测试甲" not in timeline_svg([study(1, patient=patient)])


def test_no_studies_is_said():
    assert "没有检查" in texts(timeline_svg([]))


@given(st.text(max_size=80), st.integers(1, 40))
def test_any_words_give_well_formed_pictures(words, count):
    rows = [study(number, description=words, institution=Organization(name=words)) for number in range(count)]
    assert len(dots(timeline_svg(rows, title=words))) == count
