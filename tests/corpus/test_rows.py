"""Every row of HL7's v2-to-FHIR tables is spoken of in the conformance page."""

import pytest
from rows import BEGIN, END, LISTS, PAGE, markdown, rows


@pytest.fixture(scope="module")
def lists():
    if not LISTS.is_dir():
        pytest.skip("not run: HL7's v2-to-FHIR tables (../shared/lists/v2_to_fhir) are not beside this checkout")


def test_every_row_is_judged(lists):
    judged = rows()
    assert len(judged) == 484 + 82 + 133
    assert all(row.why or row.verdict in ("as HL7", "no target") for row in judged), "a difference needs its reason"


def test_the_page_holds_todays_table(lists):
    text = PAGE.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == markdown(), (
        "run: python tests/corpus/rows.py --write"
    )
