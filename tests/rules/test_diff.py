"""What a new version changes: the words, the groups, and the outcomes over a file of candidates."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.cli.rules.new import new_files
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.diff import GROUPS, Group, How, compare, weigh
from fhir_hr.rules.diff.fields import FIELDS, value_words
from fhir_hr.rules.load import builtin_packs, compile_pack
from fhir_hr.rules.pack import bind_pack
from fhir_hr.rules.vocabulary import CheckKind, ListState
from fhir_hr.testing.facts import build

Files = dict[str, bytes]


def files(kind: str = "laboratory") -> Files:
    made = new_files(division="510100", title="测试规则", kind=kind, mark="chuannei-hr")
    return {name: data for name, data in made.items() if "/" not in name}


def edit(of: Files, file: str, old: str, new: str) -> Files:
    text = of[file].decode()
    assert old in text, old
    return {**of, file: text.replace(old, new).encode()}


GOLDEN = """\
pack: ~ 版本：2026.1.0 → 2027.1.0 | version: 2026.1.0 -> 2027.1.0
pack: + 新增缺口：质量评价，质评要求未见 | added gap: quality evidence, 质评要求未见
pack: - 删除缺口：机构，机构名单未见 | removed gap: institutions, 机构名单未见
period: ~ 自：未写 → 2027-01-01 | from: none -> 2027-01-01
period: ~ 可靠程度：不明 → 原文载明 | certainty: not known -> stated
area: + 新增适用地区：510104 | added area: 510104
area: - 删除适用地区：510100 | removed area: 510100
window: ~ 时限：天数：30 天 → 60 天 | time limit, days: 30 days -> 60 days
window: ~ 时限：计数：满 24 小时为一天 → 按日历天 | time limit, counted in: days of 24 hours -> calendar days
window: ~ 检查“互认时限”超过时限时：由医师判断 → 不予互认 | check 'time limit' when too old: physician decides -> not recognised
window: ~ 项目 cn-5101-lab-02（示例项目二）的时限天数：7 天 → 未定 | item cn-5101-lab-02 (示例项目二), days of its limit: 7 days -> none
item: + 新增项目 cn-5101-lab-03（示例项目三） | added item cn-5101-lab-03 (示例项目三)
item: - 删除项目 cn-5101-lab-01（示例项目一） | removed item cn-5101-lab-01 (示例项目一)
mark: + 新增标识 chuanyu-hr（川渝HR） | added mark chuanyu-hr (川渝HR)
mark: - 删除标识 chuannei-hr（川内HR） | removed mark chuannei-hr (川内HR)
institution: + 新增暂停互认 H1 2027-02 | added suspension H1 2027-02
check: + 新增检查“质量评价（室间质评）” | added check 'quality evidence (EQA)'
check: - 删除检查“排除情形” | removed check 'exclusion'
refusal: - 删除排除情形 2（患者处于急诊、急救等紧急状态的） | removed exclusion 2 (患者处于急诊、急救等紧急状态的)
refusal: ~ 不予互认原因 3（其他情形确需复查）的计入不予互认：是 → 否 | refusal reason 3 (其他情形确需复查), counts as refusal: yes -> no
refusal: - 删除不予互认原因 2（患者处于急诊、急救等紧急状态） | removed refusal reason 2 (患者处于急诊、急救等紧急状态)
source: ~ 检查“同一项目”不明时的我们的解释：项目未能对照时不能确定是否同一项目 → 对不上就不能确定 | \
check 'same item' when unknown, our interpretation: 项目未能对照时不能确定是否同一项目 -> 对不上就不能确定
source: ~ 文件《测试规则》的文号：未写 → 测〔2026〕1号 | document 测试规则, number: none -> 测〔2026〕1号
source: ~ 条款 三/window：此处抄录互认时限的原句 → 互认时限为六十天 | clause 三/window: 此处抄录互认时限的原句 -> 互认时限为六十天
source: + 新增条款 五/eqa：室间质评合格 | added clause 五/eqa: 室间质评合格
"""  # noqa: E501 - one change a line

QUALITY = """
  - check: quality
    evidence: eqa
    on_fail: {effect: block, clause: 五/eqa}
    on_not_assessed: {effect: discretion, clause: 五/eqa}
    on_unknown: {effect: note, clause: 五/eqa}
    on_unclear: {effect: unknown, clause: 五/eqa}

  - check: window
"""
SIGN = {How.ADDED: "+", How.REMOVED: "-", How.CHANGED: "~"}


def second_version() -> Files:
    new = edit(files(), "pack.yaml", 'version: "2026.1.0"', 'version: "2027.1.0"')
    new = edit(
        new, "pack.yaml", "  - {part: institutions, text: 机构名单未见}", "  - {part: quality, text: 质评要求未见}"
    )
    new = edit(new, "pack.yaml", "  from: null", '  from: "2027-01-01"')
    new = edit(new, "pack.yaml", "certainty: unknown", "certainty: stated")
    new = edit(new, "pack.yaml", '["510100"]', '["510104"]')
    new = edit(new, "pack.yaml", "max_days: 30", "max_days: 60")
    new = edit(new, "pack.yaml", "count: elapsed", "count: calendar")
    new = edit(new, "pack.yaml", "on_expired: {effect: discretion", "on_expired: {effect: block")
    new = edit(new, "pack.yaml", "chuannei-hr", "chuanyu-hr")
    new = edit(new, "pack.yaml", "\n  - check: window\n", QUALITY)
    new = edit(new, "pack.yaml", "项目未能对照时不能确定是否同一项目", "对不上就不能确定")
    text = new["pack.yaml"].decode()
    start = text.index("\n  - check: exclusion")
    new["pack.yaml"] = (text[:start] + text[text.index("\nrefusal:") :]).encode()
    new = edit(new, "items.csv", "cn-5101-lab-01,示例项目一,EX1", "cn-5101-lab-03,示例项目三,EX3")
    new = edit(new, "items.csv", "EX2,,,7,", "EX2,,,,")
    new = edit(new, "refusal-reasons.csv", "needs repetition,3,yes", "needs repetition,3,no")
    for file in ("refusal-reasons.csv", "exclusions.csv"):
        lines = new[file].decode().splitlines(keepends=True)
        new[file] = "".join(lines[:2] + lines[3:]).encode()
    new = edit(new, "sources.yaml", "number: null ", "number: 测〔2026〕1号 ")
    new = edit(new, "sources.yaml", "此处抄录互认时限的原句", "互认时限为六十天")
    new["sources.yaml"] += "      - {id: 五/eqa, clause: 五, text: 室间质评合格}\n".encode()
    new["suspensions.csv"] = b"uscc,item,from,to,reason,clause\nH1,,2027-02,,,\n"
    return new


def test_a_new_version_in_words():
    changes = compare(compile_pack(files()), compile_pack(second_version()))
    said = "".join(f"{each.group}: {SIGN[each.how]} {each.zh} | {each.en}\n" for each in changes)
    assert said == GOLDEN


def test_changes_come_in_the_order_of_their_groups():
    changes = compare(compile_pack(files()), compile_pack(second_version()))
    order = [list(Group).index(each.group) for each in changes]
    assert order == sorted(order)
    assert set(GROUPS) == set(Group)
    assert {each.group for each in changes} == set(Group)


@pytest.mark.parametrize("pack", builtin_packs(), ids=lambda pack: pack.content.pack)
def test_a_pack_does_not_differ_from_itself(pack):
    assert compare(pack.content, pack.content) == ()


def test_back_is_there_again():
    there = compare(compile_pack(files()), compile_pack(second_version()))
    back = compare(compile_pack(second_version()), compile_pack(files()))
    assert len(there) == len(back)
    assert sum(each.how is How.ADDED for each in there) == sum(each.how is How.REMOVED for each in back)


def test_any_two_packs_can_be_compared():
    packs = builtin_packs()
    for one in packs:
        for other in packs:
            for change in compare(one.content, other.content):
                assert change.zh
                assert change.en
                assert "None" not in change.zh


def test_directions_and_their_order():
    def with_cases(*cases: str) -> Files:
        text = "".join(f"      - {each}\n" for each in cases)
        direction = (
            f"\n  - check: direction\n    cases:\n{text}"
            "    otherwise: {effect: discretion, clause: 三/duty}\n"
            "    on_unknown: {effect: unknown, clause: 三/duty}\n\n  - check: window\n"
        )
        return edit(files(), "pack.yaml", "\n  - check: window\n", direction)

    third = "{then: {effect: oblige, clause: 三/duty}, issuer: {tiers: [3], ownership: public}}"
    line = "{then: {effect: oblige, clause: 三/duty}, issuer: {at_least: {tier: 2, grade: 甲}}, same_tier: true}"
    changes = compare(compile_pack(with_cases(third)), compile_pack(with_cases(line)))
    assert [each.zh for each in changes] == [
        "新增方向：出具方二级甲等及以上，接诊方与出具方同级：应当互认",
        "删除方向：出具方三级，公立，接诊方任何机构：应当互认",
    ]
    assert changes[0].en == "added direction: issued by level 2 甲 and above, received by of the issuer's level: must"


def test_the_order_of_checks_is_no_change_of_meaning():
    content = compile_pack(files())
    turned = msgspec.structs.replace(content, checks=content.checks[::-1])
    [change] = compare(content, turned)
    assert change.zh == "检查的先后次序改变（不影响结论）"


def test_a_whole_list_is_not_called_a_complete_report():
    assert value_words(ListState.COMPLETE) == ("完整", "complete")
    assert value_words(CheckKind.COMPLETE) == ("报告完整", "complete report")


def test_values_in_words():
    assert value_words(None) == ("未写", "none")
    assert value_words(True) == ("是", "yes")
    assert value_words(("report", "images")) == ("报告、图像", "report, images")
    assert [name for name, (zh, en) in FIELDS.items() if not zh or not en] == []


# -- outcomes ----------------------------------------------------------------------------------------


def candidates(days: list[int]):
    base = {
        "order.at": "2026-08-31T10:00:00+08:00",
        "order.division": "510104",
        "order.item": "cn-5101-lab-01",
        "prior.division": "510104",
        "prior.item": "cn-5101-lab-01",
        "prior.status": "final",
        "prior.report_status": "final",
        "prior.superseded": False,
        "prior.mark": "chuannei-hr",
        "prior.mark_known": True,
    }
    system = compile_pack(files()).item_system
    for day in days:
        times = {
            "prior.performed": f"2026-08-{day:02}T08:00:00+08:00",
            "prior.reported": f"2026-08-{day:02}T09:00:00+08:00",
        }
        yield build({**base, **times}, item_system=system)


def with_days(days: int | None):
    content = compile_pack(files())
    checks = tuple(
        msgspec.structs.replace(each, max_days=days) if isinstance(each, WindowSpec) else each
        for each in content.checks
    )
    return bind_pack(msgspec.structs.replace(content, checks=checks))


def test_how_many_outcomes_change():
    impact = weigh(with_days(30), with_days(10), candidates([2, 5, 12, 25, 30]))
    assert (impact.judged, impact.changed, impact.reasons_only) == (5, 3, 0)
    assert impact.before == {"must": 5}
    assert impact.after == {"may": 3, "must": 2}
    [move] = impact.moves
    assert (move.item, move.before.value, move.after.value, move.count) == ("cn-5101-lab-01", "must", "may", 3)
    assert (move.gone, move.come) == ((), ("HR-WINDOW-EXPIRED",))


def test_the_same_outcome_for_another_reason_is_counted_apart():
    impact = weigh(with_days(30), with_days(None), candidates([2, 5]))
    assert (impact.judged, impact.changed, impact.reasons_only, impact.moves) == (2, 0, 2, ())


def test_nothing_is_judged_where_nothing_is_given():
    impact = weigh(with_days(30), with_days(30), ())
    assert (impact.judged, impact.changed, impact.before) == (0, 0, {})
