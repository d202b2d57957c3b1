"""Every piece of advice is given where it is due, with its file, line and words; no pack that ships has an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fhir_hr.cli.rules.new import new_files
from fhir_hr.errors import PackError
from fhir_hr.issues import Severity
from fhir_hr.model.decisions import Effect
from fhir_hr.model.priors import Grade, Ownership
from fhir_hr.rules.advice import ADVICE, Advice, AdviceCode, advise
from fhir_hr.rules.advice.reach import swallows
from fhir_hr.rules.advice.translate import TRANSLATIONS, chinese
from fhir_hr.rules.check_specs import DirectionCase, Party, Rank, Then
from fhir_hr.rules.load import builtin_packs, compile_pack
from fhir_hr.rules.plain_words import WORDS

Files = dict[str, bytes]
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
# Invented institutions: the first has a right check character, the second a wrong one.
GOOD, BAD = "12510000MB0000000K", "12510000MB0000000B"


def lab(mark: str | None = "chuannei-hr") -> Files:
    files = new_files(division="510100", title="测试规则", mark=mark)
    return {name: data for name, data in files.items() if "/" not in name}


def imaging() -> Files:
    files = new_files(division="510100", title="测试规则", kind="imaging")
    return {name: data for name, data in files.items() if "/" not in name}


def edit(files: Files, file: str, old: str, new: str) -> Files:
    text = files[file].decode()
    assert old in text, old
    return {**files, file: text.replace(old, new).encode()}


def add(files: Files, text: str, file: str = "pack.yaml") -> Files:
    return {**files, file: files.get(file, b"") + text.encode()}


def found(files: Files, code: AdviceCode, **options: object) -> Advice:
    given = {"as_of": AS_OF, **options}
    all_of = advise(files, **given)
    mine = [one for one in all_of if one.code is code]
    assert mine, [(one.code.value, one.zh) for one in all_of]
    return mine[0]


INSTITUTIONS = "uscc,name,tier,grade,ownership,division,from,to,assessed_from,clause\n"
SUSPENSIONS = "uscc,item,from,to,reason,clause\n"
QUALITY = "uscc,item,type,result,from,to,issuer,document\n"
NEGATIVE = "item,from,to,reason,clause\n"
ALLIANCES = "alliance,uscc,from,to,clause\n"
DIRECTION = """
  - check: direction
    cases:
      - {then: {effect: discretion, clause: 三/duty}, issuer: {tiers: [2, 3]}}
      - {then: {effect: discretion, clause: 三/duty}, issuer: {tiers: [3]}, same_tier: true}
    otherwise: {effect: discretion, clause: 三/duty}
    on_unknown: {effect: unknown, clause: 三/duty}

  - check: window
"""


def institutions(rows: str, state: str = "partial") -> Files:
    files = edit(lab(), "pack.yaml", "institutions_state: absent", f"institutions_state: {state}")
    return {**files, "institutions.csv": (INSTITUTIONS + rows).encode()}


def dated(start: str, end: str = "null") -> Files:
    files = edit(lab(), "pack.yaml", "  from: null", f'  from: "{start}"')
    return edit(files, "pack.yaml", "  to: null", f"  to: {end if end == 'null' else repr(end)}")


def second_check(kind: str, text: str, files: Files | None = None) -> Files:
    added = f"\n  - check: {kind}\n{text}\n  - check: window\n"
    return edit(files or lab(), "pack.yaml", "\n  - check: window\n", added)


C = AdviceCode
THEN = "{effect: note, interpretation: x}"
COMPLETE = f"    fields: [value]\n    on_missing: {THEN}\n"

CASES: dict[AdviceCode, tuple[Callable[[], Files], str, str]] = {
    C.BROKEN: (lambda: edit(lab(), "items.csv", "-02,示例", "-01,示例"), "items.csv:3", "与第 2 行重复"),
    C.DATE_MISSING: (lab, "pack.yaml:23", "没有写明自何日起施行"),
    C.DATE_UNSURE: (lab, "pack.yaml:25", "可靠程度为“不明”"),
    C.LEAD_TIME: (lambda: dated("2026-11-23"), "pack.yaml:23", "距生效只有 16 小时"),
    C.EXPIRED: (lambda: dated("2020", "2025-12"), "pack.yaml:24", "已于 2025-12 失效"),
    C.REVIEW_PASSED: (lambda: add(lab(), 'review_by: "2026-11-20"\n'), "pack.yaml:91", "应于 2026-11-20 前复核"),
    C.REVIEW_MISSING: (lab, "pack.yaml:4", "没有写明何时复核"),
    C.NOT_VERIFIED: (lab, "pack.yaml:4", "没有写明由谁、何日"),
    C.USCC_DIGIT: (lambda: institutions(f"{BAD},甲医院,3,,,510104,,,,\n"), "institutions.csv:2", f"“{BAD}”的校验位"),
    C.USCC_FORM: (lambda: institutions("H1,甲医院,3,,,510104,,,,\n"), "institutions.csv:2", "“H1”不是 18 位"),
    C.DIVISION_UNKNOWN: (lambda: institutions(f"{GOOD},甲医院,3,,,990100,,,,\n"), "institutions.csv:2", "“990100”"),
    C.INSTITUTION_UNLISTED: (
        lambda: {
            **institutions(f"{GOOD},甲医院,3,,,510104,,,,\n", "complete"),
            "suspensions.csv": (SUSPENSIONS + "H9,,2026-01-01,,,\n").encode(),
        },
        "suspensions.csv:2",
        "机构“H9”不在 institutions.csv 中",
    ),
    C.SPECIMEN_UNKNOWN: (lambda: edit(lab(), "items.csv", "serum|plasma|", "serum|tears|"), "items.csv:2", "“tears”"),
    C.OVERLAP_INSTITUTION: (
        lambda: institutions(f"{GOOD},甲,3,,,510104,2025-01-01,2026-01-31,,\n{GOOD},甲,2,,,510104,2026-01-31,,,\n"),
        "institutions.csv:3",
        "与第 2 行的有效期重叠",
    ),
    C.OVERLAP_SUSPENSION: (
        lambda: {
            **lab(),
            "suspensions.csv": (SUSPENSIONS + f"{GOOD},,2026-01,,,\n{GOOD},cn-5101-lab-01,2026-02,,,\n").encode(),
        },
        "suspensions.csv:3",
        "暂停期与第 2 行重叠",
    ),
    C.OVERLAP_QUALITY: (
        lambda: {
            **lab(),
            "quality.csv": (
                QUALITY + f"{GOOD},,eqa,passed,2026-01,2026-06,甲,\n{GOOD},,eqa,failed,2026-06,,乙,\n"
            ).encode(),
        },
        "quality.csv:3",
        "与第 2 行重叠而结果不同",
    ),
    C.OVERLAP_NEGATIVE: (
        lambda: {
            **lab(),
            "negative.csv": (NEGATIVE + "cn-5101-lab-01,2026-01,,,\ncn-5101-lab-01,2026-05,,,\n").encode(),
        },
        "negative.csv:3",
        "与第 2 行的期间重叠",
    ),
    C.OVERLAP_ALLIANCE: (
        lambda: {**lab(), "alliances.csv": (ALLIANCES + f"A,{GOOD},2026-01,,\nA,{GOOD},2026-05,,\n").encode()},
        "alliances.csv:3",
        "同一医联体的期间与第 2 行重叠",
    ),
    C.ITEM_TWICE: (
        lambda: edit(lab(), "items.csv", "-02,示例项目二,EX2,,", "-02,示例项目一,EX2,serum|plasma|serum-plasma,"),
        "items.csv:3",
        "与第 2 行名称和要素都相同",
    ),
    C.CHECK_TWICE: (
        lambda: second_check("complete", COMPLETE + f"\n  - check: complete\n{COMPLETE}"),
        "pack.yaml:71",
        "检查“报告完整”写了两次（另见第 67 行）",
    ),
    C.CASE_SWALLOWED: (
        lambda: edit(lab(), "pack.yaml", "\n  - check: window\n", DIRECTION),
        "pack.yaml:70",
        "凡符合它的，都已先符合第 69 行",
    ),
    C.CHECK_IDLE: (
        lambda: second_check("exam_fit", f"    aspects: [side]\n    on_mismatch: {THEN}\n    on_unknown: {THEN}\n"),
        "pack.yaml:67",
        "检查“exam_fit”不会起作用：本规则包只管检验",
    ),
    C.PART_IDLE: (
        lambda: second_check("complete", f"{COMPLETE}    on_unknown: {THEN}\n"),
        "pack.yaml:70",
        "“不明时”（on_unknown）永远用不到：所列栏目不会“不明”",
    ),
    C.EXCLUSION_IDLE: (
        lambda: {**lab(), "pack.yaml": lab()["pack.yaml"].split(b"\n  - check: exclusion")[0] + b"\n"},
        "pack.yaml:33",
        "列出了 3 种排除情形，却没有 exclusion 检查",
    ),
    C.MARK_IDLE: (
        lambda: edit(lab(None), "pack.yaml", "marks: []", "marks:\n  - {code: chuannei-hr, clause: 三/duty}"),
        "pack.yaml:30",
        "没有 mark 检查",
    ),
    C.MARK_ELSEWHERE: (
        lambda: edit(lab(), "pack.yaml", "chuannei-hr", "bing-hr"),
        "pack.yaml:31",
        "标识“并HR”覆盖的地区（140100）与本规则包适用的地区（510100）没有交集",
    ),
    C.FORCE_IDLE: (
        lambda: edit(lab(), "pack.yaml", "on_valid: {effect: oblige", "on_valid: {effect: note"),
        "pack.yaml:29",
        "写了约束力（force），但没有任何“应当互认”的依据",
    ),
    C.ROW_OUTSIDE: (
        lambda: edit(dated("2020", "2026-12-31"), "items.csv", ",7,,,二/list", ",7,2027-01-01,,二/list"),
        "items.csv:3",
        "完全在规则施行期间之外",
    ),
    C.MUST_UNREACHABLE: (
        lambda: edit(
            edit(edit(lab(), "items.csv", ",7,,,", ",,,,"), "pack.yaml", "max_days: 30  ", "max_days: null"),
            "pack.yaml",
            "on_none: {effect: note",
            "on_none: {effect: discretion",
        ),
        "pack.yaml:75",
        "永远得不出“应当互认”：没有任何时限",
    ),
    C.DISCRETION_IDLE: (lambda: lab(None), "pack.yaml:32", "结论最多是“可以互认”；3 处"),
    C.WINDOW_IMPOSSIBLE: (
        lambda: edit(
            edit(lab(), "pack.yaml", "max_days: 30  ", "max_days: 0   "),
            "pack.yaml",
            "inclusive: true ",
            "inclusive: false",
        ),
        "pack.yaml:68",
        "时限为 0 天且不含界",
    ),
    C.WINDOW_TOO_LONG: (
        lambda: dated("2026-01-01", "2026-01-20"),
        "pack.yaml:68",
        "时限 30 天比规则的施行期间（20 天）还长",
    ),
    C.LIST_WITHOUT_GAP: (
        lambda: edit(lab(), "pack.yaml", "  - {part: items, text: 项目清单只录入了一部分}\n", ""),
        "pack.yaml:13",
        "项目清单标为“不全”，但 gaps 中没有说明缺什么",
    ),
    C.GAP: (lab, "pack.yaml:88", "缺：项目，项目清单只录入了一部分"),
    C.DUTY_PERCENT: (
        lambda: add(lab(), "duties:\n  - {duty: sample-refusals, clause: 四/refuse}\n"),
        "pack.yaml:92",
        "义务“抽查不予互认”没有写明抽查比例",
    ),
    C.REFUSAL_UNMAPPED: (
        lambda: edit(lab(), "refusal-reasons.csv", "inferred,emergency", "inferred,"),
        "refusal-reasons.csv:3",
        "不予互认原因“2”没有对应到公共原因表",
    ),
    C.DOCUMENT_SOURCE: (
        lambda: edit(lab(), "sources.yaml", "    source: 待填：在何处读到这份文件\n", ""),
        "sources.yaml:4",
        "文件“测试规则”没有写明在何处读到",
    ),
    C.DOCUMENT_DATE: (lab, "sources.yaml:8", "文件“测试规则”的印发日期未知"),
    C.CLAUSE_UNUSED: (lambda: lab(None), "sources.yaml:14", "条款“三/duty”没有被任何规则引用"),
    C.CLAUSE_MISSING: (
        lambda: institutions(f"{GOOD},甲,3,,,510104,,,,\nH2,乙,3,,,510104,,,,\n"),
        "institutions.csv:2",
        "2 行没有写明条款（clause）：第 2、3 行",
    ),
    C.PHRASE_LONG: (
        lambda: edit(lab(), "sources.yaml", "此处抄录适用范围的原句", "长" * 61),
        "sources.yaml:12",
        "引文有 61 个字",
    ),
    C.INTERPRETATION: (lab, "pack.yaml:20", "11 处只有我们的解释而没有条款：第 20、35"),
}


def test_every_code_has_a_case():
    assert set(CASES) == set(AdviceCode) == set(ADVICE)


@pytest.mark.parametrize("code", list(AdviceCode), ids=str)
def test_advice_is_given_at_its_place_in_words(code):
    make, place, words = CASES[code]
    one = found(make(), code)
    assert one.place == place
    assert words in one.zh
    assert one.severity is ADVICE[code][0]
    assert one.en
    assert one.text("en") == one.en


@pytest.mark.parametrize("code", [code for code in AdviceCode if CASES[code][0] is not lab], ids=str)
def test_advice_is_not_given_of_a_new_pack(code):
    quiet = {C.GAP, C.INTERPRETATION}
    assert code in quiet or code not in {one.code for one in advise(lab(), as_of=AS_OF)}


def test_a_new_pack_has_no_error():
    for files in (lab(), lab(None), imaging()):
        assert {one.severity for one in advise(files, as_of=AS_OF)} == {Severity.WARNING, Severity.INFORMATION}


@pytest.mark.parametrize("pack", builtin_packs(), ids=lambda pack: pack.content.pack)
def test_the_packs_that_ship_have_no_error(pack):
    from fhir_hr.testing.shelf import find_packs, rules_root

    folder = find_packs(rules_root())[pack.content.pack]
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".yaml", ".csv")}
    assert [(one.place, one.zh) for one in advise(files, as_of=AS_OF) if one.severity is Severity.ERROR] == []


def test_no_time_is_compared_where_none_is_given():
    files = dated("2026-11-23")
    assert C.LEAD_TIME not in {one.code for one in advise(files)}
    later = {"not_before": datetime(2026, 11, 22, 20, tzinfo=UTC)}
    assert "距生效只有 20 小时" in found(files, C.LEAD_TIME, **later).zh


# -- collecting --------------------------------------------------------------------------------------


def test_all_errors_are_collected_and_no_line_moves():
    files = edit(
        lab(), "pack.yaml", "clause: 二/list, interpretation: 清单以外", "clause: 二/lost, interpretation: 清单以外"
    )
    files = edit(files, "pack.yaml", "check: superseded", "check: superseeded")
    files = edit(files, "pack.yaml", "clause: 四/cases}\n", "clause: 四/gone}\n")
    files = edit(files, "items.csv", "-02,示例项目二,EX2,,,7,", "-02,,EX2,,,7,")
    files = edit(
        files,
        "refusal-reasons.csv",
        "2,患者处于急诊、急救等紧急状态,The patient is in an emergency,2,yes",
        "2,x,y,2,ja",
    )
    files = {**files, "suspensions.csv": (SUSPENSIONS + f"{GOOD},,2026-13,,,\n{GOOD},,2026-05,2026-01,,\n").encode()}
    files["notes.csv"] = b"x\n"
    errors = [one for one in advise(files) if one.severity is Severity.ERROR]
    assert [(one.place, one.zh) for one in errors] == [
        ("pack.yaml:44", next(one.zh for one in errors if one.place == "pack.yaml:44")),
        ("pack.yaml:57", "所引条款“二/lost”不在 sources.yaml 中"),
        ("pack.yaml:78", "所引条款“四/gone”不在 sources.yaml 中"),
        ("items.csv:3", "name_zh 栏不能空"),
        ("notes.csv", "不是规则包的文件，请移走或改名"),
        ("refusal-reasons.csv:3", "counts_as_refusal 栏“ja”不对；可用：yes, no"),
        ("suspensions.csv:2", "from 栏“2026-13”不是日期；请写成 2026、2026-08 或 2026-08-20"),
        ("suspensions.csv:3", "结束日期早于开始日期"),
    ]
    assert errors[0].zh.startswith("没有 'superseeded' 这种检查；可用：identity")


def test_a_row_that_was_left_out_is_not_held_against_others():
    files = edit(lab(), "pack.yaml", "list_state: partial  ", "list_state: complete")
    files = edit(files, "pack.yaml", "on_open: ", "# ")
    files = edit(files, "items.csv", "示例项目二,EX2,,,7", "示例项目二,EX2,,,seven")
    files["negative.csv"] = (NEGATIVE + "cn-5101-lab-02,,,,\ncn-5101-lab-09,,,,\n").encode()
    errors = [one for one in advise(files) if one.severity is Severity.ERROR]
    assert [(one.place, one.zh) for one in errors] == [
        ("items.csv:3", "window_days 栏“seven”不是整数"),
        ("negative.csv:3", "项目“cn-5101-lab-09”不在 items.csv 中"),
    ]


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("pack.yaml", b"pack: [", "YAML 写法有误"),
        ("pack.yaml", b"a: &x 1\n", "不能用锚点（&）"),
        ("pack.yaml", b"a: 1\na: 2\n", "字段“a”写了两次"),
        ("pack.yaml", b"\xff", "不是 UTF-8 编码"),
        ("sources.yaml", b"documents:\n", "没有写值；不知道就写 null"),
        ("items.csv", b"", "文件是空的"),
        ("items.csv", b"\xef\xbb\xbfcode;name_zh\n", "各栏用“;”隔开；应当用英文逗号"),
        ("items.csv", b"code\tname_zh\n", "各栏用“制表符”隔开；应当用英文逗号"),
        ("items.csv", b"code,nome\n", "不认识的列“nome”"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(file, data, words):
    [error] = [one for one in advise({**lab(), file: data}) if one.severity is Severity.ERROR]
    assert error.file == file
    assert words in error.zh


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("max_days: 30 ", "max_days: 30天 ", "checks[7].max_days 处应为整数 或 null，实为文字；数字不加引号和单位"),
        ("max_days: 30 ", 'max_days: "30" ', "checks[7].max_days 处应为整数 或 null，实为文字；数字不加引号和单位"),
        ("inclusive: true ", "inclusive: yes ", "checks[7].inclusive 处应为 true、false 或 null，实为文字；不加引号"),
        ('["510100"]', "[510100]", "applies.divisions[0] 处应为文字，实为整数；请加英文双引号"),
        ("  from: null ", "  from: 2026 ", "effective.from 处应为文字 或 null，实为整数；请加英文双引号"),
        ("level: city", "level: 市", "level 处的“市”不是可用的写法；可用：alliance, county, city, "),
        ("effect: oblige", "effect: 应当互认", "可用：oblige, discretion, block, unknown, note"),
        ("max_days: 30 ", "max_day: 30 ", "不认识的字段“max_day”，请核对拼写"),
        ("  from: null ", '  from: "２０２６-08-20" ', "“２０２６-08-20”不是日期"),
        ("checks:", "checks: x\nchecks2:", "checks 处应为列表，实为文字"),
    ],
)
def test_a_wrong_value_is_told_in_words(old, new, words):
    errors = [one for one in advise(edit(lab(), "pack.yaml", old, new)) if one.severity is Severity.ERROR]
    assert words in errors[0].zh, errors[0].zh


def test_a_code_that_a_spreadsheet_has_rounded_is_an_error():
    [error] = [
        one
        for one in advise(institutions("1.251E+17,甲,3,甲,public,510100,,,,二/list\n"))
        if one.severity is Severity.ERROR
    ][-1:]
    assert error.place == "institutions.csv:2"
    assert error.zh.startswith("uscc 栏“1.251E+17”被表格软件改成了数字，后几位已丢失")


def test_the_date_of_a_document_is_a_date():
    [error] = advise(edit(lab(), "sources.yaml", "issued: null", "issued: 2026年3月"))[:1]
    assert (error.place, error.zh) == ("sources.yaml:8", "“2026年3月”不是日期；请写成 2026、2026-08 或 2026-08-20")


def test_a_missing_file_is_said():
    files = lab()
    del files["sources.yaml"]
    [error] = advise(files)
    assert (error.place, error.zh) == ("sources.yaml", "缺少这个文件")


def test_hostile_bytes_are_an_error_and_no_exception():
    for data in (b"\x00" * 64, b"[" * 5000, b"{" * 5000, b"- " * 5000, b'"\\UFFFFFFFF"', b"a: " + b"9" * 5000):
        for file in ("pack.yaml", "sources.yaml", "items.csv", "quality.csv"):
            assert any(one.severity is Severity.ERROR for one in advise({**lab(), file: data})), (file, data[:8])


# -- words -------------------------------------------------------------------------------------------


def test_no_error_of_the_loader_is_left_in_english():
    """Every message in the sources of the loader, with its places filled, has Chinese words."""
    import re
    from pathlib import Path

    import fhir_hr.rules as rules

    names = ("lint", "lint_checks", "lint_tables", "load", "tables", "pack_tables", "strict_yaml")
    pattern = re.compile(r'(?:PackError|_Refused|head|row|source|broken)\(\s*(f?"(?:[^"\\]|\\.)*")')
    # Only of compiled packs and overlays; and one whose words come from elsewhere.
    others = {
        "has not the digest that its manifest states",
        "is not JSON in UTF-8",
        "is not in canonical form",
        "does not say its pack id",
        "pack {said[1]!r} stands in two folders",
        "is an overlay's, and the pack names none",
        "overlays of two institutions cannot lie over one pack",
        "{path[2:] or 'the file'}: {message}",
    }
    fill = {
        "column": "from",
        "name": "from",
        "error": "'x' is not a valid View",
        "whose": "which every pack needs",
        "aspect.value": "side",
    }

    def filled(place: re.Match[str]) -> str:
        inside = place[1]
        return "'x'" if inside.endswith("!r") else fill.get(inside, "3")

    said = []
    for name in names:
        text = (Path(rules.__file__).parent / f"{name}.py").read_text("utf-8")
        said += [literal[literal.index('"') + 1 : -1] for literal in pattern.findall(text)]
    unknown = []
    for words in said:
        whole = re.sub(r"\{([^{}]*)\}", filled, words)
        if words not in others and chinese(PackError(whole, file="x")).startswith("写法有误"):
            unknown.append(whole)
    assert len(said) > 60
    assert unknown == []


def test_a_check_that_was_never_written_is_an_error_of_its_own():
    files = edit(lab(), "items.csv", "-02,示例项目二", "-02,")
    check = b"  - check: superseded\n"
    start = files["pack.yaml"].index(check)
    files["pack.yaml"] = files["pack.yaml"][:start] + files["pack.yaml"][files["pack.yaml"].index(b"  - check: time") :]
    errors = [one for one in advise(files) if one.severity is Severity.ERROR]
    assert [(one.place, one.zh) for one in errors] == [
        ("pack.yaml:33", "缺少每个规则包都必须有的检查“superseded”"),
        ("items.csv:3", "name_zh 栏不能空"),
    ]


def test_what_has_no_chinese_is_quoted():
    assert chinese(PackError("a new complaint", file="x")) == "写法有误：a new complaint"
    assert all(said for _, said in TRANSLATIONS)


def test_every_word_has_both_languages():
    assert [code for code, (zh, en) in WORDS.items() if not zh or not en] == []


# -- directions --------------------------------------------------------------------------------------

THEN_NOTE = Then(effect=Effect.NOTE, interpretation="x")


def case(issuer: Party | None = None, **more: object) -> DirectionCase:
    return DirectionCase(then=THEN_NOTE, issuer=issuer or Party(), **more)


@pytest.mark.parametrize(
    ("earlier", "later", "answer"),
    [
        (Party(), Party(tiers=(3,)), True),
        (Party(tiers=(2, 3)), Party(tiers=(3,)), True),
        (Party(tiers=(3,)), Party(tiers=(2, 3)), False),
        (Party(tiers=(3,)), Party(), False),
        (Party(at_least=Rank(tier=2)), Party(tiers=(2, 3)), True),
        (Party(at_least=Rank(tier=2)), Party(tiers=(1, 3)), False),
        (Party(at_least=Rank(tier=2, grade=Grade.A)), Party(tiers=(3,)), True),
        (Party(at_least=Rank(tier=2, grade=Grade.A)), Party(tiers=(2,)), False),
        (Party(at_least=Rank(tier=2, grade=Grade.B)), Party(at_least=Rank(tier=2, grade=Grade.A)), True),
        (Party(at_least=Rank(tier=2, grade=Grade.A)), Party(at_least=Rank(tier=2, grade=Grade.B)), False),
        (Party(at_least=Rank(tier=2, grade=Grade.A)), Party(at_least=Rank(tier=2)), False),
        (Party(at_least=Rank(tier=2)), Party(at_least=Rank(tier=3)), True),
        (Party(at_most=Rank(tier=2)), Party(at_most=Rank(tier=1)), True),
        (Party(at_most=Rank(tier=1)), Party(at_most=Rank(tier=2)), False),
        (Party(ownership=Ownership.PUBLIC), Party(ownership=Ownership.PUBLIC), True),
        (Party(ownership=Ownership.PUBLIC), Party(), False),
        (Party(assessed=True), Party(assessed=False), False),
    ],
)
def test_which_direction_swallows_which(earlier, later, answer):
    assert swallows(case(earlier), case(later)) is answer


def test_a_narrower_relation_swallows_nothing_wider():
    assert not swallows(case(same_tier=True), case())
    assert swallows(case(), case(same_tier=True, same_alliance=True))
    assert not swallows(case(same_alliance=True), case(same_tier=True))


def test_the_new_pack_compiles_as_it_is_advised():
    assert compile_pack(lab()).pack == "cn-5101-lab"


def test_the_reference_page_names_every_code_with_its_gravity():
    import re
    from pathlib import Path

    text = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "lint-codes.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| \S+ (\w+) \|", text, re.MULTILINE))
    short = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "info"}
    assert rows == {code.value: short[severity] for code, (severity, _, _) in ADVICE.items()}


def test_a_large_file_full_of_errors_is_given_up_soon():
    row = f"{GOOD},,2026-13,,,\n"
    files = {**lab(), "suspensions.csv": (SUSPENSIONS + row * 40_000).encode()}
    errors = [one for one in advise(files) if one.severity is Severity.ERROR]
    assert 3 <= len(errors) <= 25


INSTITUTION = f"    on_unlisted: {THEN}\n    on_suspended: {THEN}\n    on_unknown: {THEN}\n    on_open: {THEN}\n"


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (
            lambda: second_check("special", f"    on_missing: {THEN}\n"),
            None,
            "",
        ),
        (
            lambda: edit(
                second_check("special", f"    on_missing: {THEN}\n"),
                "pack.yaml",
                "list_state: partial ",
                "list_state: complete ",
            ),
            C.CHECK_IDLE,
            "检查“special”不会起作用：清单中没有一行写了特别要求",
        ),
        (
            lambda: {
                **lab(),
                "exclusions.csv": b"case,zh,en,needs,clause\n",
                "refusal-reasons.csv": lab()["refusal-reasons.csv"].splitlines(keepends=True)[0],
            },
            C.CHECK_IDLE,
            "检查“exclusion”不会起作用：exclusions.csv 中没有任何情形",
        ),
        (
            lambda: second_check(
                "item_symbol", f"    symbol: '*'\n    on_absent: {THEN}\n    on_unknown: {THEN}\n", lab(None)
            ),
            C.CHECK_IDLE,
            "检查“item_symbol”不会起作用：没有 mark 检查",
        ),
        (
            lambda: edit(lab(), "pack.yaml", "marks:\n  - {code: chuannei-hr, clause: 三/duty}\n", "marks: []\n"),
            C.CHECK_IDLE,
            "检查“mark”不会起作用：没有登记任何互认标识",
        ),
        (
            lambda: second_check(
                "scale_fit",
                f"    on_mismatch: {THEN}\n    on_finer: {THEN}\n    on_unknown: {THEN}\n",
                imaging(),
            ),
            C.CHECK_IDLE,
            "检查“scale_fit”不会起作用：本规则包只管影像检查",
        ),
        (
            lambda: edit(lab(), "pack.yaml", "list_state: partial ", "list_state: complete "),
            C.PART_IDLE,
            "（on_open）永远用不到：清单已标为完整",
        ),
        (
            lambda: edit(
                institutions(f"{GOOD},甲,3,,,510104,,,,\n", "complete"),
                "pack.yaml",
                "\n  - check: window\n",
                f"\n  - check: institution\n{INSTITUTION}\n  - check: window\n",
            ),
            C.PART_IDLE,
            "（on_open）永远用不到：清单已标为完整",
        ),
        (
            lambda: edit(lab(), "pack.yaml", "  - check: item_fit\n", f"  - check: item_fit\n    on_broader: {THEN}\n"),
            C.PART_IDLE,
            "（on_broader）永远用不到：清单中没有一行写了“包含”",
        ),
        (
            lambda: edit(lab(), "pack.yaml", "    on_none: ", f"    on_unclear: {THEN}\n    on_none: "),
            C.PART_IDLE,
            "（on_unclear）永远用不到：起算、计数与含界都已写明",
        ),
        (
            lambda: edit(
                second_check("institution", INSTITUTION),
                "pack.yaml",
                "  - {part: institutions, text: 机构名单未见}\n",
                "",
            ),
            C.LIST_WITHOUT_GAP,
            "机构名单标为“未见”，但 gaps 中没有说明缺什么",
        ),
    ],
)
def test_what_can_never_happen_is_said_with_the_reason(make, code, words):
    if code is None:
        assert C.CHECK_IDLE not in {one.code for one in advise(make())}
        return
    assert any(words in one.zh for one in advise(make()) if one.code is code), [one.zh for one in advise(make())]
