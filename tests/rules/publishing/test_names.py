"""Whose pack is whose, and which paths lead nowhere else."""

from __future__ import annotations

import pytest

from fhir_hr.errors import PackRefusedError
from fhir_hr.rules.publishing.names import covers, inside, is_pattern, jurisdiction_of, plain_path


@pytest.mark.parametrize(
    ("pack", "jurisdiction"),
    [
        ("cn", "cn"),
        ("cn-lab", "cn"),
        ("cn-51", "cn-51"),
        ("cn-51-lab", "cn-51"),
        ("cn-51-imaging-ct", "cn-51"),
        ("cn-1401-imaging", "cn-1401"),
        ("cn-350428", "cn-350428"),
        ("cn-r-jjj", "cn-r-jjj"),
        ("cn-r-csj-lab", "cn-r-csj"),
        ("cn-a-hx1", "cn-a-hx1"),
        *((name, None) for name in ("", "lab", "cn-5", "cn-510", "cn-51-", "cn-51--lab", "cn-51-14", "cn-51-14-lab")),
        *(
            (name, None)
            for name in ("CN-51", "cn-51-LAB", "cn_51", "cn-51/lab", "cn-51-lab\n", "cn-r-", "cn-" + "a" * 90)
        ),
    ],
)
def test_a_packs_name_says_whose_it_is(pack, jurisdiction):
    assert jurisdiction_of(pack) == jurisdiction


def test_no_name_of_one_jurisdiction_reads_as_that_of_another():
    # A key of the nation or of a province must not be able to name a pack of another province.
    for pack in ("cn-42-lab", "cn-4201-lab", "cn-r-jjj-lab"):
        assert jurisdiction_of(pack) not in ("cn", "cn-51")


@pytest.mark.parametrize(
    ("pattern", "jurisdiction", "yes"),
    [
        ("cn-51", "cn-51", True),
        ("cn-51", "cn-5101", False),
        ("cn-51*", "cn-51", True),
        ("cn-51*", "cn-5101", True),
        ("cn-51*", "cn-510104", True),
        ("cn-51*", "cn-5", False),
        ("cn-51*", "cn-14", False),
        ("cn-51*", "cn", False),
        ("cn-5101*", "cn-51", False),
        ("cn", "cn-51", False),
        ("cn*", "cn-51", True),
        ("cn*", "cn-r-jjj", True),
        ("cn-r-jjj*", "cn-r-jjj", True),
        ("cn-r-j*", "cn-r-jjj", False),
        ("cn-11*", "cn-r-jjj", False),
    ],
)
def test_a_pattern_covers_what_it_says(pattern, jurisdiction, yes):
    assert covers(pattern, jurisdiction) is yes


@pytest.mark.parametrize("pattern", ["*", "51*", "cn-*", "cn-5*", "cn-51**", "cn-5?", "", "cn-51 *"])
def test_other_patterns_are_none(pattern):
    assert not is_pattern(pattern)


def test_inside_goes_by_digits_only():
    assert [inside(each, "cn-r-jjj") for each in ("cn-r-jjj", "cn-r-jjjx", "cn-11")] == [True, False, False]


@pytest.mark.parametrize("path", ["cn-51-lab.json", "packs/cn-51-lab/7/manifest.json", "A_b-1.2.json"])
def test_plain_paths_pass(path):
    assert plain_path(path, file="x") == path


@pytest.mark.parametrize(
    "path",
    [
        *("../up.json", "a/../b", "..", ".", "a/./b", "a/..", "...", "a..b/c"),
        *("/etc/passwd", "//host/share", "a//b", "a/", "/", ""),
        *("a\\b", "..\\up", "\\\\host\\x", "C:\\x", "C:x", "file:///x", "http://h/x"),
        *("a\0.json", "a\n.json", "a b", "a%2e%2e/b", "～/x", "~/x", "$HOME", ".hidden", "-rf", "a|b", "a*", "a?x"),
        *("con", "NUL.json", "a/aux", "com1.txt", "lpt9", "trailing.", "a/b./c"),
        *("ａ.json", "a\u202egnp.js", "é", "a" * 200, "/".join("abcdefghi")),
    ],
)
def test_paths_that_lead_astray_are_refused(path):
    with pytest.raises(PackRefusedError) as caught:
        plain_path(path, file="manifest.json")
    assert caught.value.fault == "path-refused"
    assert str(caught.value).startswith("manifest.json: ")
