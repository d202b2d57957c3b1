"""Reading from a folder that somebody else may write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fhir_hr.errors import PackRefusedError
from fhir_hr.sources.packs import DirectoryTransport
from fhir_hr.sources.packs.directory import read_bounded


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site" / "a").mkdir(parents=True)
    (tmp_path / "site" / "a" / "b.json").write_bytes(b"12345678")
    return tmp_path / "site"


def _fault(site, path, limit=100):
    with pytest.raises(PackRefusedError) as caught:
        read_bounded(site, path, limit=limit)
    return caught.value.fault


def test_a_file_is_read_up_to_the_limit(site):
    assert DirectoryTransport(site).read("a/b.json", limit=8) == b"12345678"
    assert _fault(site, "a/b.json", 7) == "too-large"
    with pytest.raises(PackRefusedError, match="8 bytes; at most 7 are read"):
        read_bounded(site, "a/b.json", limit=7)
    (site / "a" / "b.json").write_bytes(b"")
    assert read_bounded(site, "a/b.json", limit=0) == b""


def test_what_is_not_there(site):
    assert {_fault(site, each) for each in ("x", "a/x", "x/b.json", "a/b.json/c")} == {"not-found"}
    assert _fault(site / "none", "x") == "not-found"


def test_the_folder_itself_may_be_a_link(site, tmp_path):
    (tmp_path / "mounted").symlink_to(site, target_is_directory=True)
    assert read_bounded(tmp_path / "mounted", "a/b.json", limit=8) == b"12345678"


@pytest.mark.parametrize("target", ["a/b.json", "/etc/passwd", "../../x", "nowhere"])
def test_no_link_is_followed_wherever_it_leads(site, target):
    (site / "link.json").symlink_to(target)
    assert _fault(site, "link.json") == "link-refused"
    (site / "folder").symlink_to("a", target_is_directory=True)
    assert _fault(site, "folder/b.json") == "link-refused"


@pytest.mark.parametrize("late", ["b.json", "a"])
def test_a_link_that_slips_in_after_the_look_is_not_followed(site, tmp_path, monkeypatch, late):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.json").write_bytes(b"secret")
    if late == "a":
        (site / "a").rename(tmp_path / "away")
        (site / "a").symlink_to(tmp_path / "other", target_is_directory=True)
    else:
        (site / "a" / "b.json").unlink()
        (site / "a" / "b.json").symlink_to(tmp_path / "other" / "b.json")
    monkeypatch.setattr(Path, "is_symlink", lambda self: False)
    assert _fault(site, "a/b.json") in ("link-refused", "not-found")


def test_pipes_and_folders_are_no_files(site):
    os.mkfifo(site / "pipe")
    assert (_fault(site, "pipe"), _fault(site, "a")) == ("link-refused", "link-refused")


def _open_descriptors() -> int:
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.is_dir() else 0


def test_no_descriptor_is_left_open(site):
    (site / "link.json").symlink_to("a/b.json")
    before = _open_descriptors()
    for path in ("a/b.json", "a", "a/x", "x/y/z", "link.json"):
        for limit in (1, 100):
            try:
                read_bounded(site, path, limit=limit)
            except PackRefusedError:
                continue
    assert _open_descriptors() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unreachable(site):
    (site / "a" / "b.json").chmod(0)
    assert _fault(site, "a/b.json") == "unreachable"


def test_a_file_that_grows_while_it_is_read_is_too_large(site, monkeypatch):
    real = os.fstat

    def smaller(descriptor):
        found = list(real(descriptor))
        found[6] = 1
        return os.stat_result(found)

    monkeypatch.setattr("fhir_hr.sources.packs.directory.os.fstat", smaller)
    assert _fault(site, "a/b.json", 4) == "too-large"
