"""The registry's three tables and the rules: what ships, and the words of every refusal."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import CANONICAL, ITEM_SYSTEM
from fhir_hr.mapping.marks import MarkStatus, load_marks, looks_like_mark, read_marks
from fhir_hr.marks import Need, load_mark_rules, read_mark_rules
from fhir_hr.marks.wording import SHOWN_AT
from fhir_hr.model.lab import ReportKind

MARKS = "code,text,scopes,covers,status,placement,source\na,甲HR,cn,510000,official,,s\nb,乙HR,cn,140100,official,,s\n"
PLACES = "mark,kind,target,place,words,clause,certainty,note,source\n"
SYMBOLS = "symbol,mark,meaning,legends,note,source\n"
RULES = "mark,kind,need,item,rule,value,clause,words,certainty,note,source\n"


def test_issuers_stand_only_where_a_text_says():
    registry = load_marks()
    assert registry.issuers == {
        "chuannei-hr": ("四川省卫生健康委员会",),
        "chuanyu-hr": ("四川省卫生健康委员会", "重庆市卫生健康委员会"),
    }
    assert registry.statuses["bing-hr"] is MarkStatus.OFFICIAL
    assert registry.statuses["quanguo-hr"] is MarkStatus.UNCONFIRMED


def test_every_place_has_words_for_people_and_every_official_mark_a_place():
    registry = load_marks()
    assert {f"{each.target.value}/{each.place.value}" for each in registry.places} <= set(SHOWN_AT)
    official = {code for code, status in registry.statuses.items() if status is MarkStatus.OFFICIAL}
    assert official <= {each.mark for each in registry.places}
    assert registry.places_of("wuhan-hr") == ()  # no source says where it stands
    unseen = [(each.mark, each.note) for each in registry.places if each.words is None]
    assert unseen == [("e-hr", "说明★等同鄂HR；原句未见")]


def test_only_marks_whose_text_was_read_have_rules():
    registry, rules = load_marks(), load_mark_rules()
    official = {code for code, status in registry.statuses.items() if status is MarkStatus.OFFICIAL}
    assert {rule.mark for rule in rules.rules} == official
    assert rules.kinds("bing-hr") == (ReportKind.IMAGING,)
    assert all(rule.clause and rule.words for rule in rules.rules)
    systems = {rule.values[0] for rule in rules.rules if rule.need is Need.ITEM_LISTED}
    assert ITEM_SYSTEM in systems
    assert all(system.startswith(f"{CANONICAL}/CodeSystem/recognised-item-cn-") for system in systems)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,laboratory,report,top-right,甲HR,一,stated,,\n", "t.csv:2: a row needs a source"),
        ("z,laboratory,report,top-right,甲HR,一,stated,,s\n", "t.csv:2: mark 'z' is not in the registry, or is unconf"),
        ("a,other,report,top-right,甲HR,一,stated,,s\n", "t.csv:2: column 'kind' is 'other'; allowed: laboratory, im"),
        ("a,imaging,wall,top-right,甲HR,一,stated,,s\n", "t.csv:2: column 'target' is 'wall'; allowed: report, image"),
        ("a,imaging,report,left,甲HR,一,stated,,s\n", "t.csv:2: column 'place' is 'left'; allowed: top-right, headin"),
        ("a,imaging,report,top-right,甲HR,一,sure,,s\n", "t.csv:2: column 'certainty' is 'sure'; allowed: stated"),
        ("a,imaging,report,top-right,甲HR,,stated,,s\n", "t.csv:2: certainty 'stated' needs a clause"),
        ("a,imaging,item,top-right,甲HR,一,stated,,s\n", "t.csv:2: place 'before-name' belongs to target 'item', and"),
        ("a,imaging,report,before-name,甲HR,一,stated,,s\n", "t.csv:2: place 'before-name' belongs to target 'item'"),
        ("a,imaging,report,foot,,一,stated,,s\n", "t.csv:2: a foot note without words needs a note that says why"),
        ("a,imaging,report,top-right,乙HR,一,stated,,s\n", "t.csv:2: words '乙HR' are neither the mark's text nor a s"),
        ("b,imaging,item,before-name,*,一,stated,,s\n", "t.csv:2: words '*' are neither the mark's text nor a symbol"),
        ("a,imaging,report,top-right,*,一,stated,,s\n", "t.csv:2: words '*' are neither the mark's text nor a symbol"),
        ("a,imaging,image,top-right,甲HR,一,stated,,s\n" * 2, "t.csv:3: duplicate key 'a/imaging/image/top-right'"),
    ],
)
def test_broken_places(tmp_path, row, message):
    (tmp_path / "marks.csv").write_text(MARKS, encoding="utf-8")
    (tmp_path / "symbols.csv").write_text(SYMBOLS + "*,a,marks-item,*为互认项目,,s\n", encoding="utf-8")
    path = tmp_path / "t.csv"
    path.write_text(PLACES + row, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_marks(tmp_path / "marks.csv", places=path, symbols=tmp_path / "symbols.csv")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("!,a,marks-item,,,s\n", "t.csv:2: symbol '!' is none of *★"),
        ("**,a,marks-item,,,s\n", "t.csv:2: symbol '**' is none of *★"),
        ("*,z,marks-item,,,s\n", "t.csv:2: mark 'z' is not in the registry, or is unconfirmed"),
        ("*,a,marks-item,,,\n", "t.csv:2: a row needs a source"),
        ("*,a,decorates,,,s\n", "t.csv:2: column 'meaning' is 'decorates'; allowed: equals-mark, marks-item"),
        ("*,a,marks-item,★为互认项目,,s\n", "t.csv:2: legend '★为互认项目' does not name the symbol '*'"),
        ("*,a,marks-item,*为甲||*为乙,,s\n", "t.csv:2: column 'legends' has an empty part in '*为甲||*为乙'"),
        ("*,a,marks-item,,,s\n*,a,equals-mark,,,s\n", "t.csv:3: duplicate key '*/a', first on line 2"),
    ],
)
def test_broken_symbols(tmp_path, row, message):
    (tmp_path / "marks.csv").write_text(MARKS, encoding="utf-8")
    path = tmp_path / "t.csv"
    path.write_text(SYMBOLS + row, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_marks(tmp_path / "marks.csv", symbols=path)
    assert str(caught.value).startswith(message)


LAB = "a,laboratory,"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (LAB + "smell,,required,,一,词,stated,,s\n", "t.csv:2: column 'need' is 'smell'; allowed: text-in-force"),
        (LAB + "device-model,,required,,一,词,stated,,s\n", "t.csv:2: column 'need' is 'device-model'; allowed:"),
        ("a,imaging,method-stated,,required,,一,词,stated,,s\n", "t.csv:2: column 'need' is 'method-stated'; allowed:"),
        ("a,other,iqc,,required,,一,词,stated,,s\n", "t.csv:2: column 'kind' is 'other'; allowed: laboratory, imaging"),
        ("z,imaging,iqc,,required,,一,词,stated,,s\n", "t.csv:2: mark 'z' is not in the registry, or is unconfirmed"),
        (LAB + "iqc,,perhaps,,一,词,stated,,s\n", "t.csv:2: column 'rule' is 'perhaps'; allowed: required, silent"),
        (LAB + "iqc,,required,,,词,stated,,s\n", "t.csv:2: a required need has no clause"),
        (LAB + "iqc,,required,,一,,stated,,s\n", "t.csv:2: a required need has no words"),
        (LAB + "iqc,,required,,一,词,stated,,\n", "t.csv:2: a required need has no source"),
        (LAB + "iqc,,required,,一,词,seen,,s\n", "t.csv:2: column 'certainty' is 'seen'; allowed: stated, inferred"),
        (LAB + "iqc,,required,,一,词,inferred,,s\n", "t.csv:2: certainty 'inferred' needs a note that says how we re"),
        (LAB + "iqc,,required,x,一,词,stated,,s\n", "t.csv:2: need 'iqc' takes no value"),
        (LAB + "eqa,,required,,一,词,stated,,s\n", "t.csv:2: need 'eqa' needs the issuers that the text accepts, and"),
        (LAB + "text-in-force,,required,8/2022,一,词,stated,,s\n", "t.csv:2: need 'text-in-force' needs a first day"),
        (LAB + "text-in-force,,required,2022-13,一,词,stated,,s\n", "t.csv:2: need 'text-in-force' needs a first day"),
        (LAB + "institution-tier,,required,4,一,词,stated,,s\n", "t.csv:2: need 'institution-tier' needs a tier from"),
        (LAB + "assessment,,required,,一,词,stated,,s\n", "t.csv:2: need 'assessment' needs the tier from which none"),
        (LAB + "item-listed,,required,,一,词,stated,,s\n", "t.csv:2: need 'item-listed' needs the code system of the"),
        (LAB + "institution-area,,required,51,一,词,stated,,s\n", "t.csv:2: need 'institution-area' needs division co"),
        (
            LAB + "institution-area,,required,500000,一,词,stated,,s\n",
            "t.csv:2: value '500000' lies outside the area th",
        ),
        (LAB + "iqc,x,silent,,,,,无,s\n", "t.csv:2: a silent need has no item"),
        (LAB + "iqc,,silent,,一,,,无,s\n", "t.csv:2: a silent need has no clause"),
        (LAB + "iqc,,silent,,,,stated,无,s\n", "t.csv:2: a silent need has no certainty"),
        (LAB + "iqc,,silent,,,,,,s\n", "t.csv:2: a silent need needs a note and a source"),
        (LAB + "iqc,,silent,,,,,无,\n", "t.csv:2: a silent need needs a note and a source"),
        (
            LAB + "iqc,,silent,,,,,无,s\n",
            "t.csv: need 'text-in-force' of 'a' (laboratory) is neither required nor sile",
        ),
        (
            LAB + "iqc,,silent,,,,,无,s\na|b,laboratory,iqc,,silent,,,,,无,s\n",
            "t.csv:3: need 'iqc' of 'a' stands twice, first on line 2",
        ),
        (
            LAB + "iqc,,silent,,,,,无,s\n" + LAB + "iqc,x,required,,一,词,stated,,s\n",
            "t.csv: need 'iqc' of 'a' (laboratory) is both required and silent",
        ),
    ],
)
def test_broken_rules(tmp_path, row, message):
    (tmp_path / "marks.csv").write_text(MARKS, encoding="utf-8")
    path = tmp_path / "t.csv"
    path.write_text(RULES + row, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_mark_rules(path, registry=read_marks(tmp_path / "marks.csv"))
    assert str(caught.value).startswith(message)


NAMES = ("marks.csv", "mark_places.csv", "mark_symbols.csv", "mark_rules.csv")


@given(data=st.data())
def test_no_loader_raises_anything_else(data, tmp_path_factory):
    """A shipped table with any text pasted into it is read, or refused as a broken data file."""
    folder = tmp_path_factory.mktemp("pasted")
    for name in NAMES:
        (folder / name).write_bytes(data_path("mappings", name).read_bytes())
    target = folder / data.draw(st.sampled_from(NAMES))
    lines = target.read_text(encoding="utf-8").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    pasted = data.draw(st.text(max_size=40) | st.sampled_from(["a,b", ",,,,,,,", '"', "|", "9999-99", "silent"]))
    keep = data.draw(st.integers(0, len(lines[at])))
    lines[at] = lines[at][:keep] + pasted
    target.write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="\n")
    with contextlib.suppress(DataFileError):
        registry = read_marks(folder / NAMES[0], places=folder / NAMES[1], symbols=folder / NAMES[2])
        read_mark_rules(folder / NAMES[3], registry=registry)


def test_a_long_text_is_no_look_alike():
    assert not looks_like_mark("字" * 5000 + "HR")
    assert looks_like_mark("字" * 10 + "hr")
