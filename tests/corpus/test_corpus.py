"""Every public message is read without an exception, and every OBX of it is accounted for."""

import re

import pytest
from table import PAGE, messages, page_table, table

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.render import Release, Renderer

# Left out for a reason that is stated; a change of these numbers is looked at, not waved through.
REJECTED = {"code-missing", "value-missing", "encoded-data-invalid", "truncated", "patient-conflict"}


def test_every_message_is_read_and_counted(corpus):
    reader = Reader()
    reads = [read for path in messages(corpus / "hl7v2") for read in reader.read(path.read_bytes())]
    assert len(messages(corpus / "hl7v2")) == 127
    assert len(reads) == 129
    for read in reads:
        assert read.counts.holds
        assert read.message is not None, read.issues
        assert read.counts.observations == sum(len(report.results) for report in read.message.reports)
    assert sum(read.counts.obx_read for read in reads) == 395


def test_obx_are_counted_as_a_simple_search_counts_them(corpus):
    reader = Reader()
    for path in messages(corpus / "hl7v2"):
        data = path.read_bytes()
        assert sum(read.counts.obx_read for read in reader.read(data)) == len(re.findall(rb"(?m)(?:^|\r)OBX\|", data))


def test_every_rejected_obx_has_its_reason(corpus):
    reader = Reader()
    for path in messages(corpus / "hl7v2"):
        for read in reader.read(path.read_bytes()):
            errors = [issue for issue in read.issues if issue.severity == "error" and issue.code in REJECTED]
            assert (read.counts.rejected == 0) == (not errors), (path.name, read.counts, read.issues)


@pytest.mark.parametrize("release", list(Release))
def test_every_message_is_rendered(corpus, release):
    reader, renderer = Reader(), Renderer(release=release)
    for path in messages(corpus / "hl7v2"):
        for read in reader.read(path.read_bytes()):
            bundle = renderer.render(read.message).bundle()
            kinds = [entry["resource"]["resourceType"] for entry in bundle.get("entry", [])]
            assert kinds.count("Observation") == read.counts.observations, path.name


def test_a_warm_reader_reads_the_same(corpus):
    warm = Reader()
    paths = messages(corpus / "hl7v2")
    first = [list(warm.read(path.read_bytes())) for path in paths]
    assert [list(warm.read(path.read_bytes())) for path in paths] == first
    assert [list(Reader().read(path.read_bytes())) for path in paths[::8]] == first[::8]


def test_the_conformance_page_states_todays_table(corpus):
    assert PAGE.is_file()
    assert page_table() == table(corpus / "hl7v2"), "run: python tests/corpus/table.py --write"
