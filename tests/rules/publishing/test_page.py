"""The page from which others write clients names every key and every fault."""

from __future__ import annotations

import re
from pathlib import Path

from fhir_hr.rules.publishing import Fault
from fhir_hr.rules.publishing import formats as f
from fhir_hr.rules.publishing.strict_json import MAX_DEPTH

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "pack-files.md").read_text("utf-8")


def test_the_page_names_every_fault_and_no_other():
    rows = re.findall(r"^\| (`[^|]*`) \|", TEXT[TEXT.index("## Faults") :], re.MULTILINE)
    assert sorted(re.findall(r"`([^`]+)`", " ".join(rows))) == sorted(Fault)


def test_the_page_names_every_key():
    structs = (f.Signature, f.Manifest, f.FileEntry, f.Supersedes, f.Index, f.PackEntry, f.LaneEntry, f.SuspensionLane)
    named = set(re.findall(r"`\"?(\w+)\"?`|\"(\w+)\"", TEXT.replace("`{", "").replace("}`", "")))
    words = {word for pair in named for word in pair}
    assert {name for each in structs for name in each.__struct_fields__} - words == set()


def test_the_page_states_the_limits():
    for limit in (f.MAX_MANIFEST, f.MAX_INDEX, f.MAX_LANE, f.MAX_PACK):
        assert f"{limit:,} bytes" in TEXT or f"at most {limit:,}" in TEXT
    assert f"at most {f.MAX_FILES} of them" in TEXT
    assert f"more than {MAX_DEPTH} levels" in TEXT
