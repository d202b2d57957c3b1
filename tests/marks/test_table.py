"""The table for people."""

import pytest
from scenes import ALT, PLT, SCENES, proof, report, result

from fhir_hr.errors import UsageError
from fhir_hr.marks import mark_table
from fhir_hr.model.lab import ReportKind

LAB = SCENES["chuannei-hr", ReportKind.LABORATORY, None]
IQC = proof("iqc", issuer=None)


def three():
    one = report(result(1), result(2, item=PLT, name="血小板"), result(3, item=ALT, name="ALT"))
    evidence = (IQC, proof("eqa", item=LAB.item), proof("eqa", "failed", item=PLT))
    return LAB.ask(report=one, evidence=evidence)


def test_a_report_in_chinese():
    unknown = "没有覆盖该时间、由规定机构组织的室间质评合格证据（三(一)）"
    assert mark_table(three(), mark="chuannei-hr").splitlines() == [
        "川内HR  可标注",
        "  报告单右上角: 川内HR",
        "  报告单下部: 项目名称前注“*”为互认项目。",
        "  项目名称前: *",
        "标注  项目    结论    原因",
        "*     白细胞  可标注",
        "      血小板  不标注  室间质评不合格（三(一)）",
        f"      ALT     不标注  {unknown}",
    ]


def test_a_report_in_english():
    lines = mark_table(three(), mark="chuannei-hr", lang="en").splitlines()
    assert lines[0] == "川内HR  may"
    assert lines[4] == "shown  item    verdict  why"
    assert lines[6] == "       血小板  may not  external quality assessment failed (三(一))"


def test_a_report_that_carries_none():
    assert (
        mark_table(LAB.ask(evidence=()), mark="chuannei-hr").splitlines()[0] == "川内HR  不标注  没有一个项目可以标注"
    )
    nothing = LAB.ask(report=report(results=()))
    assert mark_table(nothing, mark="chuannei-hr") == "川内HR  不标注  没有一个项目可以标注"


def test_an_image():
    advice = SCENES["chuannei-hr", ReportKind.IMAGING, None].ask()
    assert mark_table(advice, mark="chuannei-hr").splitlines() == [
        "川内HR  可标注",
        "  图像或胶片右上角: 川内HR",
        "标注    项目        结论    原因",
        "川内HR  胸部CT平扫  可标注",
    ]


def test_bing():
    advice = SCENES["bing-hr", ReportKind.IMAGING, None].ask()
    assert mark_table(advice, mark="bing-hr").splitlines()[:3] == [
        "并HR  可标注",
        "  报告单下部: ‘并HR’为可在全市范围内互认的检查项目",
        "  项目名称前: 并HR",
    ]


def test_a_name_cannot_break_the_table():
    advice = LAB.ask(name="*白\x1b[31m细\n胞" + "长" * 80)
    table = mark_table(advice, mark="chuannei-hr")
    assert "\x1b" not in table
    assert len(table.splitlines()) == 6


def test_mistakes_of_the_caller():
    with pytest.raises(UsageError, match="the advice says nothing of the mark 'bing-hr'"):
        mark_table(three(), mark="bing-hr")
    with pytest.raises(UsageError, match="unknown language 'de'; there are: zh, en"):
        mark_table(three(), mark="chuannei-hr", lang="de")
