"""Imaging sender profiles: which one fits an object, and every way a profile can be wrong."""

import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.imaging_senders import ImagingSender, load_imaging_senders, read_imaging_sender
from fhir_hr.model.exams import Contrast, View

HEAD = 'id = "{id}"\ntitle = "t"\nsource = "s"\n'


def write(folder, name, body):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(HEAD.format(id=name) + body, encoding="utf-8")
    return path


def test_the_closest_match_wins(tmp_path):
    folder = tmp_path / "own"
    write(folder, "hospital", '[match]\ninstitution = ["H"]\n')
    write(folder, "room", '[match]\nstation = ["CT01"]\n')
    write(folder, "ae", '[match]\nae_title = ["PACS"]\n')
    write(folder, "maker", '[match]\nmanufacturer = ["M"]\n')
    write(folder, "both", '[match]\ninstitution = ["H", "H2"]\nmanufacturer = ["M"]\n')
    senders = load_imaging_senders(folder)
    assert senders.find(institution_name="Ｈ ", manufacturer="m", station_name="CT01").id == "both"
    assert senders.find(institution_name="H2", manufacturer="x").id == "default"
    assert senders.find(institution_name="H", station_name="CT01", ae_title="PACS").id == "hospital"
    assert senders.find(station_name="ct01", ae_title="PACS").id == "room"
    assert senders.find(ae_title="PACS", manufacturer="M").id == "ae"
    assert senders.find(manufacturer="M").id == "maker"
    assert senders.find(manufacturer="M Ltd").id == "default"
    assert senders.find().id == "default"
    assert senders.find(institution_name="演示医院甲").id == "demo-hospital-a"


def test_an_own_profile_replaces_a_packaged_one(tmp_path):
    write(tmp_path / "own", "demo-hospital-a", '[match]\ninstitution = ["别院"]\n')
    write(tmp_path / "own", "ours", 'zone = "+06:00"\n[match]\ninstitution = ["演示医院甲"]\n')
    write(tmp_path / "later", "latest", '[match]\ninstitution = ["演示医院甲"]\n')
    senders = load_imaging_senders(tmp_path / "own")
    assert senders.find(institution_name="演示医院甲").zone == "+06:00"
    assert senders.find(institution_name="别院").id == "demo-hospital-a"
    assert load_imaging_senders(tmp_path / "own", tmp_path / "later").find(institution_name="演示医院甲").id == "latest"
    assert senders.profile("ours").id == "ours"
    assert senders.profile("nobody") is None


def test_keys_left_out_keep_the_standard(tmp_path):
    profile = read_imaging_sender(write(tmp_path, "x", '[match]\nstation = ["1"]\n'))
    default = load_imaging_senders().default
    for key in ("zone", "charset", "repair_charset", "patient_assigner", "body_parts", "protocols", "procedures"):
        bare = ImagingSender(id="x", title="t", source="s")
        assert getattr(profile, key) == getattr(default, key) == getattr(bare, key)


def test_names_are_folded_and_views_sorted(tmp_path):
    body = (
        '[match]\nstation = ["1"]\n[protocols]\n"Knee  ＡＰ" = {body_part = "knee", views = ["lateral", "frontal"]}\n'
    )
    profile = read_imaging_sender(write(tmp_path, "x", body))
    assert profile.protocols["kneeap"].views == (View.FRONTAL, View.LATERAL)
    demo = load_imaging_senders().profile("demo-hospital-a")
    assert (demo.charset, demo.patient_assigner, demo.institution.name) == (
        "gb18030",
        "12510000000000001H",
        "演示医院甲",
    )
    assert demo.protocols["chest_routine"].contrast is Contrast.PLAIN


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("colour = 1\n", "x.toml:4: unknown key 'colour'"),
        ("repair_charset = 'yes'\n", "x.toml:4: Expected `bool`, got `str`"),
        ("repair_charset = true\n", "x.toml:4: repair_charset needs the charset that the text is really in"),
        ("charset = 'gb-something'\n", "x.toml:4: charset 'gb-something' is not a known codec"),
        ("zone = 'Asia/Shanghai'\n", "x.toml:4: zone 'Asia/Shanghai' is not an offset like +08:00"),
        ("[match]\nfacility = ['1']\n", "x.toml:5: Object contains unknown field `facility`"),
        ("[institution]\nid = '1'\n", "x.toml:4: institution.id is not a 统一社会信用代码"),
        ("[institution]\ncolour = '1'\n", "x.toml:5: unknown key 'institution.colour'"),
        ("[body_parts]\nA = 'Chest'\n", "x.toml:4: body part 'Chest' of 'A' is not a code like lumbar-spine"),
        ("[body_parts]\nA = 'chest'\na = 'head'\n", "x.toml:4: body_parts holds 'a' and 'A', which are compared as"),
        ("[body_parts]\n' ' = 'chest'\n", "x.toml:4: body_parts has an empty text"),
        ("[protocols]\nA = {}\n", "x.toml:4: 'A': states nothing"),
        ("[protocols]\nA = {modality = 'DX'}\n", "x.toml:4: 'A': modality 'DX' is none of DR, CT"),
        ("[protocols]\nA = {body_part = '胸'}\n", "x.toml:4: 'A': body_part '胸' is not a code like lumbar-spine"),
        ("[protocols]\nA = {views = []}\n", "x.toml:4: 'A': views is empty; leave it out when it is not known"),
        ("[protocols]\nA = {phase = 'x'}\n", "x.toml:5: Object contains unknown field `phase`"),
        ("[procedures]\nA = {contrast = 'none'}\n", "x.toml:4: Invalid enum value 'none'"),
    ],
)
def test_a_broken_profile_says_where(tmp_path, body, message):
    with pytest.raises(DataFileError) as caught:
        read_imaging_sender(write(tmp_path, "x", body))
    assert message.split(": ", 1)[1] in str(caught.value)
    assert str(caught.value).startswith("x.toml:")


def test_folders_of_profiles(tmp_path):
    write(tmp_path / "a", "x", '[match]\nstation = ["1", "2"]\n')
    write(tmp_path / "a", "y", '[match]\nstation = ["2"]\n')
    with pytest.raises(DataFileError, match=r"y.toml: matches the same objects as profile 'x'"):
        load_imaging_senders(tmp_path / "a")
    write(tmp_path / "b", "x", "")
    with pytest.raises(DataFileError, match=r"x.toml: match is empty"):
        load_imaging_senders(tmp_path / "b")
    write(tmp_path / "c", "default", '[match]\nstation = ["1"]\n')
    with pytest.raises(DataFileError, match="the default profile matches nothing by name"):
        load_imaging_senders(tmp_path / "c")
    write(tmp_path / "d", "x", '[match]\nstation = ["1"]\n').rename(tmp_path / "d" / "z.toml")
    with pytest.raises(DataFileError, match=r"z.toml: id 'x' is not the file's name"):
        load_imaging_senders(tmp_path / "d")
    with pytest.raises(DataFileError, match="is not a folder of sender profiles"):
        load_imaging_senders(tmp_path / "none")
