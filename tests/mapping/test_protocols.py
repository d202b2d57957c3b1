"""Technique limits: met, not met, unknown; and every way a protocol can be wrong."""

import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.protocols import meets, read_protocol, read_protocols
from fhir_hr.model.imaging import Series, Technique

HEAD = 'id = "x"\ntitle = "t"\nsource = "s"\nmodality = "CT"\n'
LIMITS = """[limits]
slice_thickness = { max = 1.5 }
kvp = { min = 100, max = 120 }
rescale_type = { one_of = ["HU"] }
lossy = { equals = false }
"""


def write(folder, body, name="x", head=HEAD):
    path = folder / f"{name}.toml"
    path.write_text(head + body, encoding="utf-8")
    return path


def made(**technique):
    return Series(uid="1", modality="CT", technique=Technique(**technique))


def test_each_limit_is_met_or_not_or_unknown(tmp_path):
    protocol = read_protocol(write(tmp_path, LIMITS))
    assert [one.holds for one in meets(made(), protocol)] == [None] * 4
    good = made(slice_thickness=1.5, kvp=100.0, rescale_type="hu", lossy=False)
    assert [one.holds for one in meets(good, protocol)] == [True] * 4
    bad = made(slice_thickness=1.51, kvp=120.5, rescale_type="US", lossy=True)
    answers = meets(bad, protocol)
    assert [one.holds for one in answers] == [False] * 4
    assert [one.stated for one in answers] == ["1.51", "120.5", "US", "yes"]
    assert [one.limit for one in answers] == ["≤ 1.5", "≥ 100, ≤ 120", "HU", "no"]
    assert [one.protocol for one in answers] == ["x"] * 4
    assert [one.holds for one in meets(made(kvp=99.9), protocol)] == [None, False, None, None]
    assert [one.holds for one in meets(made(kvp=float("nan"), rescale_type=""), protocol)] == [None] * 4


def test_a_protocol_is_for_its_modality(tmp_path):
    protocol = read_protocol(write(tmp_path, LIMITS))
    assert meets(Series(uid="1", modality="MR", technique=Technique(kvp=110.0)), protocol) == ()
    assert [one.holds for one in meets(Series(uid="1", technique=Technique(kvp=110.0)), protocol)] == [None] * 4
    assert [one.holds for one in meets(Series(uid="1", modality="CT"), protocol)] == [None] * 4


def test_a_folder_of_protocols(tmp_path):
    write(tmp_path, LIMITS)
    assert [one.id for one in read_protocols(tmp_path)] == ["x"]
    write(tmp_path, LIMITS, name="y")
    with pytest.raises(DataFileError, match=r"y.toml: id 'x' is not the file's name"):
        read_protocols(tmp_path)
    with pytest.raises(DataFileError, match="is not a folder of technique protocols"):
        read_protocols(tmp_path / "none")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[limits]\n", "x.toml:5: limits is empty"),
        ("[limits]\nsharpness = { min = 1 }\n", "x.toml:6: 'sharpness' is no technique that headers state"),
        ("[limits]\nkvp = { }\n", "x.toml:6: kvp needs min and max, or one_of, or equals"),
        ("[limits]\nkvp = { min = 1, equals = true }\n", "x.toml:6: kvp needs min and max, or one_of, or equals"),
        ("[limits]\nkvp = { one_of = ['a'] }\n", "x.toml:6: kvp is a number"),
        ("[limits]\nrescale_type = { max = 1 }\n", "x.toml:6: rescale_type is no number"),
        ("[limits]\nlossy = { one_of = ['no'] }\n", "x.toml:6: lossy is yes or no"),
        ("[limits]\nrescale_type = { equals = true }\n", "x.toml:6: rescale_type is neither yes nor no"),
        ("[limits]\nkvp = { min = 2, max = 1 }\n", "x.toml:6: kvp has a min above its max"),
        ("[limits]\nkvp = { max = inf }\n", "x.toml:6: kvp has a limit that is no number"),
        ("[limits]\nrescale_type = { one_of = [' '] }\n", "x.toml:6: rescale_type has an empty text"),
        ("[limits]\nkvp = { most = 1 }\n", "x.toml:5: Object contains unknown field `most`"),
        ("[limits]\nkvp = { max = '1' }\n", "x.toml:5: Expected `float | null`, got `str`"),
        ("colour = 1\n[limits]\nkvp = { max = 1 }\n", "x.toml:5: unknown key 'colour'"),
    ],
)
def test_a_broken_protocol_says_where(tmp_path, body, message):
    with pytest.raises(DataFileError) as caught:
        read_protocol(write(tmp_path, body))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "s"\n', 'source = " "\n', "x.toml:3: source is empty"),
        ('modality = "CT"', 'modality = "PR"', "x.toml:4: modality 'PR' is none of CT, MR, DX, CR, MG"),
        ('modality = "CT"\n', "", "x.toml: missing key 'modality'"),
    ],
)
def test_a_broken_head_says_where(tmp_path, old, new, message):
    with pytest.raises(DataFileError) as caught:
        read_protocol(write(tmp_path, LIMITS, head=HEAD.replace(old, new)))
    assert str(caught.value).startswith(message)
