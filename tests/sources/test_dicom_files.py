"""Files, folders, DICOMDIRs and zip files: everything found is given out, and says what it is."""

import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.dicom.media import read_directory
from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.sources.dicom_files import FileKind, ZipLimits, find_files
from fhir_hr.testing.dicom import dataset, file_bytes, series, write_study


def found(*paths, **options):
    return list(find_files([str(path) for path in paths], **options))


def kinds(inputs):
    return [each.kind.value for each in inputs]


def words(one):
    return " ".join(issue.message for issue in one.issues)


# -- folders -----------------------------------------------------------------------------------------


def test_a_folder_gives_its_files_in_order_and_leaves_hidden_ones_out(tmp_path):
    write_study(tmp_path / "b", 2)
    write_study(tmp_path / "a", 1)
    (tmp_path / "z.json").write_text("[]")
    (tmp_path / ".hidden").write_text("x")
    write_study(tmp_path / ".git", 1)
    inputs = found(tmp_path)
    names = [os.path.relpath(each.source, tmp_path) for each in inputs]
    assert names == ["z.json", "a/IM00001", "b/IM00001", "b/IM00002"]
    assert kinds(inputs) == ["json", "object", "object", "object"]
    assert inputs[1].folder == str(tmp_path / "a")
    with inputs[1].open() as file:
        assert file.read(132)[128:] == b"DICM"


def test_a_path_that_is_not_there_is_said(tmp_path):
    (missing, impossible) = found(tmp_path / "nothing", "a\0b")
    assert (missing.kind, missing.issues[0].code) == (FileKind.NOTHING, IssueCode.UNREADABLE)
    assert "could not be read: No such file" in words(missing)
    assert "impossible name" in words(impossible)
    with pytest.raises(UsageError, match="kind 'nothing' is not to be read"):
        missing.open()


def test_an_empty_folder_is_said(tmp_path):
    (one,) = found(tmp_path)
    assert (one.issues[0].code, words(one)) == (IssueCode.EMPTY_INPUT, "the folder holds no files")


def test_links_to_folders_and_special_files_are_said_and_not_opened(tmp_path):
    write_study(tmp_path / "real", 1)
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "real")
    os.mkfifo(folder / "pipe")
    link, pipe = found(folder)
    assert "a link to a folder; it was not followed" in words(link)
    assert "no regular file" in words(pipe)
    assert "no regular file" in words(found(folder / "pipe")[0])


def test_folders_may_be_as_deep_as_the_system_allows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    depth = 1_200  # deeper than Python recurses
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    Path("f").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    try:
        assert kinds(found("d")) == ["object"]
    finally:  # whoever tidies up after the tests recurses
        os.chdir("d/" * depth)
        Path("f").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()


def test_a_broken_link_is_said(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "no regular file" in words(found(tmp_path)[0])


# -- DICOMDIR ----------------------------------------------------------------------------------------


def medium(folder: Path, count=3, **options) -> Path:
    files = FileSet()
    for each in series(count, charset="ISO_IR 192", **options):
        files.add(each)
    folder.mkdir()
    files.write(folder, use_existing=False)
    files._stage["t"].cleanup()
    return folder


def test_a_dicomdir_gives_itself_and_the_files_that_it_names(tmp_path):
    inputs = found(medium(tmp_path / "cd") / "DICOMDIR")
    assert kinds(inputs) == ["index", "object", "object", "object"]
    assert inputs[0].issues[0].severity is Severity.INFORMATION
    assert "names 3 files; they are read themselves" in words(inputs[0])
    assert all(Path(each.source).is_file() for each in inputs)


def test_a_folder_with_a_dicomdir_gives_every_file_once(tmp_path, monkeypatch):
    folder = medium(tmp_path / "cd")
    for given in (folder, f"{folder}/", "cd", "./cd", "."):
        monkeypatch.chdir(tmp_path)
        inputs = found(given)
        assert sorted(kinds(inputs)) == ["index", "object", "object", "object"], given
        assert len({os.path.realpath(each.source) for each in inputs}) == 4


def test_a_dicomdir_in_the_current_folder_finds_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(medium(tmp_path / "cd"))
    assert kinds(found("DICOMDIR")) == ["index", "object", "object", "object"]


def test_a_missing_file_of_a_dicomdir_is_an_issue(tmp_path):
    folder = medium(tmp_path / "cd")
    first = found(folder / "DICOMDIR")[1]
    Path(first.source).unlink()
    for given in (folder, folder / "DICOMDIR"):
        (lost,) = [each for each in found(given) if each.kind is FileKind.NOTHING]
        assert lost.issues[0].code is IssueCode.ARCHIVE_UNREADABLE
        assert "a file that the DICOMDIR names is missing" in words(lost)


def test_names_may_differ_in_case_as_media_are_mounted(tmp_path):
    folder = medium(tmp_path / "cd")
    for path in sorted(folder.rglob("*"), key=lambda one: -len(one.parts)):
        if path.name != "DICOMDIR":
            path.rename(path.with_name(path.name.lower() + (";1" if path.is_file() else "")))
    (folder / "DICOMDIR").rename(folder / "dicomdir")
    assert kinds(found(folder / "dicomdir")) == ["index", "object", "object", "object"]
    assert sorted(kinds(found(folder))) == ["index", "object", "object", "object"]


def index_naming(folder: Path, *file_ids) -> Path:
    """A DICOMDIR whose records name these files."""
    from pydicom import dcmread

    path = medium(folder, len(file_ids)) / "DICOMDIR"
    index = dcmread(path)
    images = [record for record in index.DirectoryRecordSequence if "ReferencedFileID" in record]
    for record, file_id in zip(images, file_ids, strict=True):
        record["ReferencedFileID"]._value = file_id
    index.save_as(path)
    return path


def test_a_dicomdir_cannot_name_files_outside_its_folder(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    path = index_naming(tmp_path / "cd", ["..", "secret"], ["A", "..", "..", "secret"], "../secret", "link")
    (path.parent / "link").symlink_to(tmp_path / "secret")
    inputs = found(path)
    assert kinds(inputs) == ["index", *["nothing"] * 4]
    assert all("lies outside its folder" in words(each) for each in inputs[1:])


def test_a_broken_dicomdir_is_said(tmp_path):
    (tmp_path / "DICOMDIR").write_bytes(b"no index")
    (one,) = found(tmp_path)
    assert (one.kind, one.issues[0].code) == (FileKind.INDEX, IssueCode.ARCHIVE_UNREADABLE)
    assert "the DICOMDIR cannot be read: it is malformed" in words(one)
    (tmp_path / "DICOMDIR").write_bytes(file_bytes(dataset()))
    assert "it holds no directory records" in words(found(tmp_path)[0])


def test_a_dicomdir_of_too_many_records_is_refused(tmp_path):
    data = (medium(tmp_path / "cd") / "DICOMDIR").read_bytes()
    with_all = read_directory(io.BytesIO(data), limits=DicomLimits(all_items=100))
    assert len(with_all.value) == 3
    refused = read_directory(io.BytesIO(data), limits=DicomLimits(all_items=3))
    assert refused.value is None
    assert "it holds more than 3 items" in refused.issues[0].message


def test_a_cut_off_dicomdir_does_not_pass_for_a_whole_one(tmp_path):
    folder = medium(tmp_path / "cd")
    whole = (folder / "DICOMDIR").read_bytes()
    for length in range(400, len(whole) - 2, 37):
        (folder / "DICOMDIR").write_bytes(whole[:length])
        index = found(folder / "DICOMDIR")[0]
        assert {issue.code for issue in index.issues} & {IssueCode.ARCHIVE_UNREADABLE, IssueCode.DICOM_MALFORMED}, (
            length
        )


# -- zip ---------------------------------------------------------------------------------------------


def zipped(path: Path, members, method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_a_zip_file_gives_itself_and_its_members(tmp_path):
    data = file_bytes(dataset())
    path = zipped(
        tmp_path / "study.ZIP",
        [("CT/b", data), ("CT/a", data), ("m.json", b"[]"), ("CT/.x", b""), ("__MACOSX/a", b""), ("d/", b"")],
    )
    inputs = found(path)
    assert [each.source.removeprefix(str(path)) for each in inputs] == ["", "!/CT/a", "!/CT/b", "!/m.json"]
    assert kinds(inputs) == ["archive", "object", "object", "json"]
    assert "a zip file of 3 files; they are read themselves" in words(inputs[0])
    with inputs[1].open() as file:
        assert file.read() == data


def test_a_large_member_is_read_by_parts(tmp_path):
    data = file_bytes(dataset(size=1024))
    large = found(zipped(tmp_path / "a.zip", [("one", data)]))[1]
    with large.open() as file:
        assert file.read(10) == data[:10]
        assert file.seek(128) == file.tell() == 128
        assert file.read(4) == b"DICM"
        file.seek(0)
        assert file.read() == data


def test_a_broken_member_is_an_os_error_as_of_any_file(tmp_path):
    small, large = os.urandom(50_000), os.urandom(2 << 20)
    path = zipped(tmp_path / "a.zip", [("large", large), ("small", small)], zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    for data in (small, large):
        at = raw.find(data[:64])
        raw[at + 10] ^= 0xFF
    path.write_bytes(raw)
    _, *members = found(path)
    for each in members:
        with pytest.raises(OSError, match="the member of a zip file is broken"), each.open() as file:
            file.read()


def test_names_in_a_zip_file_are_only_names(tmp_path):
    path = zipped(tmp_path / "a.zip", [("../../evil", b"1"), ("/abs", b"2"), ("a\\b\x07", b"3")])
    inputs = found(path)
    assert [each.open().read() for each in inputs[1:]] == [b"1", b"2", b"3"]
    assert not (tmp_path.parent.parent / "evil").exists()
    assert all("\x07" not in each.source for each in inputs)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_two_files(tmp_path):
    inputs = found(zipped(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")]))
    assert [each.source[-4:] for each in inputs[1:]] == ["p!/x", "/x#2"]
    assert [each.open().read() for each in inputs[1:]] == [b"1", b"2"]


def test_an_encrypted_member_is_said(tmp_path):
    path = zipped(tmp_path / "a.zip", [("x", b"1" * 50), ("y", b"2")])
    raw = bytearray(path.read_bytes())
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    _, one, two = found(path)
    assert (one.kind, one.issues[0].code) == (FileKind.NOTHING, IssueCode.ARCHIVE_UNREADABLE)
    assert "is encrypted" in words(one)
    assert two.readable


def test_a_member_packed_by_an_unknown_method_and_a_zip_in_a_zip_are_said(tmp_path):
    path = zipped(tmp_path / "a.zip", [("x", b"1"), ("y.zip", b"2")])
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    raw[at + 10 : at + 12] = (97).to_bytes(2, "little")
    path.write_bytes(raw)
    _, unknown, inner = found(path)
    assert "packed by a method that is not read here" in words(unknown)
    assert "a zip file inside a zip file is not opened" in words(inner)


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path):
    path = zipped(tmp_path / "a.zip", [(f"{n}", b"\0" * 100_000) for n in range(5)])
    assert "more than 4 members; none was read" in words(found(path, limits=ZipLimits(entries=4))[0])
    assert "unpacks to more than 0 GiB" in words(found(path, limits=ZipLimits(total_bytes=499_999))[0])
    assert "table of contents of the zip file is too large" in words(
        found(path, limits=ZipLimits(directory_bytes=50))[0]
    )
    inputs = found(path, limits=ZipLimits(ratio=100, ratio_from=50_000))
    assert kinds(inputs) == ["archive", *["nothing"] * 5]
    assert all("more than 100 times its size" in words(each) for each in inputs[1:])
    assert {each.issues[0].code for each in inputs[1:]} == {IssueCode.TOO_LARGE}


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path):
    for stated in (1_000, 2 << 20):
        path = zipped(tmp_path / "a.zip", [("x", b"\0" * 60_000_000)])
        raw = bytearray(path.read_bytes())
        at = raw.find(b"PK\x01\x02")
        raw[at + 24 : at + 28] = stated.to_bytes(4, "little")
        path.write_bytes(raw)
        (_, member) = found(path)
        tracemalloc.start()
        with pytest.raises(OSError, match="is broken"), member.open() as file:
            file.read()
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
        tracemalloc.stop()


def test_a_member_without_a_name_is_a_file_too(tmp_path):
    path = zipped(tmp_path / "a.zip", [("x", b"1")])
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("")
        archive.writestr(info, b"2")
    assert sorted(kinds(found(path))) == ["archive", "object", "object"]


def test_packing_without_bound_is_refused(tmp_path):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "packed by a method that is not read here" in words(
            found(zipped(tmp_path / "a.zip", [("x", b"1")], method))[1]
        )


def test_a_broken_zip_file_is_said(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    (one,) = found(tmp_path)
    assert (one.kind, one.issues[0].code) == (FileKind.ARCHIVE, IssueCode.ARCHIVE_UNREADABLE)
    path = zipped(tmp_path / "b.zip", [("x", b"1")])
    path.write_bytes(path.read_bytes()[:-10])
    assert "the zip file is broken" in words(found(path)[0])


def test_a_dicomdir_in_a_zip_file_tells_what_is_missing(tmp_path):
    folder = medium(tmp_path / "cd")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    members = [(f"disc/{path.relative_to(folder)}".lower(), path.read_bytes()) for path in files]
    whole = found(zipped(tmp_path / "whole.zip", members))
    assert sorted(kinds(whole)) == ["archive", "index", "object", "object", "object"]
    lacking = found(zipped(tmp_path / "lacking.zip", [one for one in members if not one[0].endswith("im000001")][:3]))
    lost = [each for each in lacking if each.kind is FileKind.NOTHING]
    assert lost
    assert all("is not in the zip file" in words(each) for each in lost)


def test_patients_are_not_in_any_word(tmp_path):
    for each in found(medium(tmp_path / "cd")):
        assert "测" not in words(each) + repr(each)
