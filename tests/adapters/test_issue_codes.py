"""The page of issue codes says what the code says."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from issue_codes import PAGE, page

from fhir_hr.issues import IssueCode


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/adapters/issue_codes.py --write"


def test_every_code_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{code}` |" in text for code in IssueCode)
