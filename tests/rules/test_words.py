"""Explanation, panel expansion, and what the pack holds for people."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from fhir_hr.errors import UsageError
from fhir_hr.mapping.items import load_items
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.lab import Scale
from fhir_hr.model.orders import OrderItem
from fhir_hr.rules import builtin_packs, decide, expand, explain
from fhir_hr.rules.engine import judge
from fhir_hr.rules.load import builtin_pack
from fhir_hr.rules.reasons import reason_texts
from fhir_hr.rules.vocabulary import VOCABULARY, CheckKind
from fhir_hr.testing.facts import build


def told(make, pack, facts, **options):
    case = make(facts)
    return explain(decide(case.item, case.prior, order=case.order, packs=[pack]), **options)


def test_one_sentence_for_the_physician(make, pack):
    assert told(make, pack, {}) == (
        "应当互认（不得重复检查）：报告（或该项目）标有覆盖出具与接诊机构的互认标识（川内HR）（四(一)）。"
    )
    assert told(make, pack, {"prior.mark": None}, lang="en") == (
        "May be recognised, at the physician's judgement: The report (or this item) carries no mark (四(一))."
    )
    sentence = told(make, pack, {"identity": "unknown", "prior.mark": None})
    assert sentence == "无法判断：尚不能证实为同一患者（一致：–；不一致：–），请核对身份（三(一)）。"


def test_the_deciding_reasons_only(make, pack):
    failed = {"prior.evidence": [{"type": "eqa", "result": "failed"}], "prior.method": None}
    sentence = told(make, pack, failed)
    assert sentence.startswith("不予互认：检查时该机构该项目室间质量评价不合格（三(一)）")
    assert "检测方法" not in sentence


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_auditor_gets_everything(make, pack, lang):
    case = make({"prior.starred": None, "prior.method": None})
    decision = decide(case.item, case.prior, order=case.order, packs=[pack])
    text = explain(decision, lang, audience="auditor")
    for part in (decision.id, decision.facts_digest, pack.ref.digest, "2026-08-20T10:00:00+08:00", "starred, method"):
        assert part in text
    for reason in decision.reasons:
        assert f"{reason.code} " in text
        assert (reason.clause.text or "") in text
        assert (reason.clause.interpretation or "") in text
    assert ("本库理解（非原文）" if lang == "zh" else "our reading, not the text's") in text
    assert "测试" not in text


def test_what_several_packs_say_alike_is_told_once(make):
    case = make({"order.division": None})
    decision = decide(case.item, case.prior, order=case.order, packs=builtin_packs())
    assert [reason.code for reason in decision.reasons].count("HR-PACK-UNKNOWN") > 3
    sentence = explain(decision)
    assert sentence.count("接诊机构区划或开单时间不明") == 1
    assert explain(decision, "en").count("does not tell whether the pack applies") == 1


def test_an_unknown_language_or_audience_is_refused(make, pack):
    with pytest.raises(UsageError, match="cannot explain in 'fr' for 'physician'; there are zh, en"):
        told(make, pack, {}, lang="fr")
    with pytest.raises(UsageError, match="for 'lawyer'"):
        told(make, pack, {}, audience="lawyer")


def test_every_vector_can_be_told_in_both_languages(all_vectors, make, pack):
    for vector in [each for each in all_vectors if each.packs == ("cn-51-lab",)]:
        zh = told(make, pack, vector.facts)
        en = told(make, pack, vector.facts, lang="en")
        assert re.fullmatch(r"(应当互认（不得重复检查）|可以互认，由医师判断|不予互认|无法判断)：.+。", zh), zh
        assert en.isprintable()
        assert "{" not in zh + en


def test_a_panel_is_taken_apart_and_keeps_what_was_asked():
    ordered = OrderItem(id="7", name="血常规", code=Concept(text="血常规"), specimen_kind="blood")
    members = expand(ordered, load_items())
    assert {m.item.code for m in members if m.item} == {f"cn-51-lab-{n:02}" for n in range(1, 5)}
    assert [m.id for m in members] == [f"7/{n}" for n in range(1, len(members) + 1)]
    assert {m.panel for m in members} == {"血常规"}
    assert {m.specimen_kind for m in members} == {"blood"}
    assert all(m.name and m.code.text == m.name for m in members)


def test_an_item_or_an_unknown_word_comes_back_unchanged():
    table = load_items()
    alt = OrderItem(
        id="1", name="血常规", code=Concept(text="血常规"), item=table.items[0].code, scale=Scale.QUANTITATIVE
    )
    assert expand(alt, table) == (alt,)
    odd = OrderItem(id="2", name="无此项目", code=Concept(codings=(Code(code="zzz"),)))
    assert expand(odd, table) == (odd,)


def test_the_pack_says_what_to_record_and_what_a_refusal_needs(pack):
    content = pack.content
    assert content.record.fields == ("institution-name", "performed-date", "archive-number")
    assert content.record.clause.startswith("四(三)")
    assert "patient-consent-to-repeat" in content.refusal.needs
    assert "patient-signature" in content.refusal.when_patient_disagrees
    assert [c.case for c in pack.exclusions] == list("123456")
    assert {r.case for r in content.refusal_reasons} == {c.case for c in pack.exclusions}
    assert content.panels.expand
    assert content.panels.clause.startswith("四(二)")
    assert pack.force == "shall-not-repeat"
    assert pack.force_clause.clause == "四(二)"


def test_reasons_are_plain_data(make, pack):
    case = make({})
    decision = decide(case.item, case.prior, order=case.order, packs=[pack])
    data = msgspec.to_builtins(decision)
    assert data["reasons"][-1]["clause"] == {
        "document": "sichuan-2022",
        "clause": "四(一)",
        "text": "在不影响疾病诊疗的前提下，对标有全国或本机构所在地区互认标识的检查检验结果予以互认",
        "interpretation": None,
    }


def test_the_vocabulary_page_names_every_check_code_and_file(pack_files):
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules-vocabulary.md").read_text(
        encoding="utf-8"
    )
    for kind in CheckKind:
        assert kind in (CheckKind.APPLIES, CheckKind.MERGE) or f"| `{kind.value}` " in page
        assert kind in (CheckKind.APPLIES, CheckKind.MERGE) or f"\n### {kind.value}\n" in page
    rows = [line for line in page.splitlines() if re.match(r"\| \d+ \w+ \| HR-", line)]
    texts = sorted(reason_texts().values(), key=lambda text: text.rank)
    assert len(rows) == len(texts)
    for text, row in zip(texts, rows, strict=True):
        params, facts = (", ".join(f"`{word}`" for word in words) for words in (text.params, text.facts))
        assert row == f"| {int(text.stage)} {text.stage.name.lower()} | {text.code.value} | {params} | {facts} |"
    for name in pack_files:
        assert f"`{name}`" in page
    assert f"Version `{VOCABULARY}`" in page


def test_codes_are_told_in_words(make, pack):
    facts = {"prior.mark": "bing-hr", "prior.specimen": "urine", "prior.status": "preliminary"}
    case = make(facts)
    decision = decide(case.item, case.prior, order=case.order, packs=[pack])
    told = {reason.code: reason for reason in decision.reasons}
    assert told["HR-MARK-OUTSIDE"].zh.startswith("互认标识（并HR）不覆盖")
    assert dict(told["HR-MARK-OUTSIDE"].params)["mark"] == "bing-hr"
    assert "标本（尿液）" in told["HR-SPECIMEN-MISMATCH"].zh
    assert told["HR-NOT-FINAL"].zh.startswith("结果状态为初步、报告状态为终审，")


def test_items_projections_and_parts_are_told_in_words():
    imaging = builtin_pack("cn-51-imaging")
    facts = {
        "order.at": "2026-08-20T10:00:00+08:00",
        "order.kind": "imaging",
        "prior.kind": "imaging",
        "order.division": "510100",
        "order.item": "cn-51-img-26",
        "prior.item": "cn-51-img-13",
    }
    case = build(facts, item_system=imaging.content.item_system)
    said = {each.code: each.zh for each in judge(case.item, case.prior, order=case.order, packs=[imaging]).reasons}
    assert said["HR-ITEM-MISMATCH"] == ("已有结果的项目（左侧膝关节正侧位摄影）不是所开项目（胸部计算机体层(CT)平扫）")
    assert "所开：CT、胸部；已有：DR、膝关节" in said["HR-EXAM-MISMATCH"]
