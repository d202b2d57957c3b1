"""Sender profiles: which one fits a message, and every way a profile can be wrong."""

import pytest

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.senders import SenderProfile, load_senders, read_sender

HEAD = 'id = "{id}"\ntitle = "t"\nsource = "s"\n'


def write(folder, name, body):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(HEAD.format(id=name) + body, encoding="utf-8")
    return path


def test_the_closest_match_wins(tmp_path):
    folder = tmp_path / "own"
    write(folder, "app", '[match]\napplication = ["LIS"]\n')
    write(folder, "place", '[match]\nfacility = ["10"]\n')
    write(folder, "both", '[match]\napplication = ["LIS"]\nfacility = ["10"]\n')
    senders = load_senders(folder)
    assert senders.find("LIS", "10").id == "both"
    assert senders.find("lis^瑞美", "10^x").id == "both"
    assert senders.find("ＬＩＳ", "11").id == "app"
    assert senders.find("HIS", " 10 ").id == "place"
    assert senders.find("HIS", "11").id == "default"
    assert senders.find("", "").id == "default"
    # the whole field is tried before its components: this is 瑞美's own profile
    assert senders.find("LIS^瑞美", "11").id == "ruimei"


def test_an_own_profile_replaces_a_packaged_one(tmp_path):
    folder = tmp_path / "own"
    write(folder, "ruimei", 'zone = "+06:00"\n[match]\napplication = ["OUR-LIS"]\n')
    write(folder, "ours", '[match]\napplication = ["DEMO-LIS-A"]\nfacility = ["DEMO-A"]\n')
    senders = load_senders(folder)
    assert senders.find("OUR-LIS", "").zone == "+06:00"
    assert senders.find("LIS^瑞美", "").id == "default"
    assert senders.find("DEMO-LIS-A", "DEMO-A").id == "ours"
    assert load_senders().find("LIS^瑞美", "").id == "ruimei"


def test_keys_left_out_keep_the_standard(tmp_path):
    profile = read_sender(write(tmp_path, "x", '[match]\nfacility = ["1"]\n'))
    default = load_senders().default
    for key in ("zone", "flag_tables", "flag_field", "status_field", "star", "report_mark", "charset", "numeric_text"):
        assert (
            getattr(profile, key) == getattr(default, key) == getattr(SenderProfile(id="x", title="t", source="s"), key)
        )


def test_the_demonstration_hospitals():
    senders = load_senders()
    a, b, c = (senders.profile(f"demo-hospital-{letter}") for letter in "abc")
    assert (a.charset, a.report_mark, a.star) == ("gb18030", "chuannei-hr", "recognised-item")
    assert a.identifier_types["1"].system == "urn:oid:2.16.156.10011.1.3"
    assert b.mark_field == "NTE-3"
    assert c.report_mark is None
    assert len({p.institution.id for p in (a, b, c)}) == 3
    assert senders.profile("nobody") is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("colour = 1\n", "x.toml:4: unknown key 'colour'"),
        ("flag_field = '8'\n", "x.toml:4: Expected `int`, got `str`"),
        ("limits_in_obx16 = 'yes'\n", "x.toml:4: Expected `bool`, got `str`"),
        ("zone = 'Asia/Shanghai'\n", "x.toml:4: zone 'Asia/Shanghai' is not an offset like +08:00"),
        ("charset = 'gb-something'\n", "x.toml:4: charset 'gb-something' is not a known codec"),
        ("star = 'accredited'\n", "x.toml:4: Invalid enum value 'accredited'"),
        ("report_mark = '川内HR'\n", "x.toml:4: report_mark '川内HR' is not in the mark registry"),
        ("report_mark = 'quanguo-hr'\n", "x.toml:4: report_mark 'quanguo-hr' is not in the mark registry"),
        ("mark_field = 'NTE.3'\n", "x.toml:4: mark_field 'NTE.3' is not of the form NTE-3"),
        ("flag_tables = ['ruimie']\n", "x.toml:4: flag_tables names 'ruimie', and there is no code table"),
        ("flag_field = 11\n", "x.toml: flag_field and status_field are the same field"),
        ("flag_field = 3\n", "x.toml:4: flag_field 3 is not an OBX field from 6 to 29"),
        ("abbreviation_component = 12\n", "x.toml:4: abbreviation_component 12 is not a component"),
        ("findings_codes = ['1']\nimpression_codes = ['1']\n", "x.toml:5: code '1' is both findings and impression"),
        ("[sex]\n'7' = '男'\n", "x.toml:4: sex '7' is '男'; allowed: male, female, other, unknown"),
        ("[status_overrides]\n'0' = 'done'\n", "x.toml:4: status '0' is 'done'; allowed: registered"),
        ("[match]\nfacility = ['1']\ncolour = ['x']\n", "x.toml:6: Object contains unknown field `colour`"),
        ("[institution]\nid = '1'\n", "x.toml:4: institution.id is not a 统一社会信用代码"),
        ("[institution]\nid = '12510000000000001H'\nbeds = 1\n", "x.toml:6: unknown key 'institution.beds'"),
        (
            "[institution]\nid = '12510000000000001H'\ndivision = '51'\n",
            "x.toml:6: institution.division '51' is not six",
        ),
        (
            "[identifier_types]\n'1' = { type_code = '', type_display = 'x' }\n",
            "x.toml:4: an identifier type needs a code",
        ),
        ("[identifier_types]\n'1' = { kind = 'x' }\n", "x.toml:4: Object contains unknown field `kind`"),
    ],
)
def test_a_wrong_profile_names_file_and_line(tmp_path, body, message):
    with pytest.raises(DataFileError) as caught:
        read_sender(write(tmp_path, "x", body))
    assert str(caught.value).startswith(message)


def test_a_profile_without_source(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('id = "x"\ntitle = "t"\nsource = " "\n', encoding="utf-8")
    with pytest.raises(DataFileError, match=r"x.toml:3: source is empty: say who states these facts"):
        read_sender(path)


def test_wrong_folders(tmp_path):
    with pytest.raises(DataFileError, match="nowhere: is not a folder of sender profiles"):
        load_senders(tmp_path / "nowhere")
    twice = tmp_path / "twice"
    write(twice, "a", '[match]\napplication = ["LIS"]\n')
    write(twice, "b", '[match]\napplication = ["lis"]\n')
    with pytest.raises(DataFileError, match=r"b.toml: matches the same messages as profile 'a'"):
        load_senders(twice)
    empty = tmp_path / "empty"
    write(empty, "a", "")
    with pytest.raises(DataFileError, match=r"a.toml: match is empty"):
        load_senders(empty)
    named = tmp_path / "named"
    write(named, "default", '[match]\napplication = ["LIS"]\n')
    with pytest.raises(DataFileError, match=r"default.toml: the default profile matches nothing by name"):
        load_senders(named)
    other = tmp_path / "other"
    write(other, "a", '[match]\nfacility = ["1"]\n').rename(other / "z.toml")
    with pytest.raises(DataFileError, match=r"z.toml: id 'a' is not the file's name"):
        load_senders(other)


def test_each_packaged_profile_reads():
    for path in data_path("mappings", "hl7v2", "senders").glob("*.toml"):
        assert read_sender(path).id == path.stem


def test_the_example_of_the_guide_reads(tmp_path):
    guide = (data_path("mappings").parent / "docs/how-to/add-a-sender.md").read_text(encoding="utf-8")
    example = guide.split("```toml\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "city-hospital-lis.toml"
    path.write_text(example, encoding="utf-8")
    assert load_senders(tmp_path).find("LIS", "10").status_overrides == {"0": "final"}
    path.write_text(example.replace('"ruimei"', '"ruimie"'), encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_sender(path)
    assert f"`{caught.value}`" in guide
    for key in SenderProfile.__struct_fields__:
        assert f"`{key}" in guide, f"{key} is not explained"
