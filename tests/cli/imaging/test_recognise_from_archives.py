"""``fhir-hr recognise --sources``: an imaging order judged against what an archive holds, and against what it hides."""

from __future__ import annotations

import json

import pytest

from fhir_hr.testing.dicom import dataset
from fhir_hr.testing.qido import Misbehaviour, QidoServer

ORDER = {
    "id": "O1",
    "at": "2026-03-20T09:30:00+08:00",
    "patient": {"identifiers": [{"assigner": "H-EXAMPLE", "value": "T0001"}], "name": "测试甲", "sex": "female"},
    "institution": {"id": "12500000000000003K", "division": "510100", "tier": 3, "grade": "甲"},
    "items": [{"id": "1", "name": "胸部CT平扫", "kind": "imaging"}],
}
PRIOR = [dataset(study="A", number=1), dataset(study="A", number=2)]


@pytest.fixture
def judge(cli, tmp_path):
    def run(server, *options, order=ORDER):
        (tmp_path / "order.json").write_text(json.dumps(order), "utf-8")
        (tmp_path / "sources.toml").write_text(
            f'[[source]]\nname = "影像归档"\nkind = "dicomweb"\nroot = "{server.root}"\n'
            '[[source.numbers]]\nassigner = "H-EXAMPLE"\nissuer = "TESTHOSP"\n',
            "utf-8",
        )
        return cli("recognise", tmp_path / "order.json", "--sources", tmp_path / "sources.toml", *options)

    return run


def test_images_alone_are_a_prior_that_cannot_be_decided_and_the_reasons_say_why(judge):
    with QidoServer(PRIOR) as server:
        done = judge(server)
        [item] = judge(server, "--json").json["items"]
    assert done.code == 0
    for words in ("示例市第一人民医院 2026-03-01", "无法判断", "不能确定是否具备：检查报告", "影像归档 已查到 (1)"):
        assert words in done.out
    assert "TimezoneOffsetFromUTC" not in done.out  # only noted; it stands in the JSON
    assert (item["answer"], item["outcome"]) == ("found", "indeterminate")
    assert [ref["id"] for ref in item["decision"]["packs"]] == ["cn", "cn-51-imaging"]
    assert item["decision"]["missing"] == ["status", "report_mark", "report"]
    codes = [reason["code"] for reason in item["decision"]["reasons"] if reason["effect"] == "unknown"]
    assert codes == ["HR-STATUS-UNKNOWN", "HR-MARK-UNKNOWN", "HR-COMPLETE-UNKNOWN"]


def test_another_examination_is_no_prior_of_this_order(judge):
    with QidoServer([dataset(study="B", StudyDescription="头颅CT平扫", BodyPartExamined="HEAD")]) as server:
        [item] = judge(server, "--json").json["items"]
    assert (item["prior"], item["decision"]) == (None, None)


@pytest.mark.parametrize(
    "stated",
    [{"PatientName": "Bie^Ren=别^人"}, {"PatientSex": "M"}, {"IssuerOfPatientID": "ELSEWHERE"}],
)
def test_a_study_of_somebody_else_under_the_same_number_is_left_out_and_no_all_clear(judge, stated):
    with QidoServer([dataset(study="C", **stated)]) as server:
        done = judge(server)
        answer = judge(server, "--json").json
    assert (done.code, "无法判断" in done.out, "正常开单" in done.out) == (3, True, False)
    assert [(item["answer"], item["prior"]) for item in answer["items"]] == [("partial", None)]
    assert "identity-doubtful" in [issue["code"] for issue in answer["issues"]]


@pytest.mark.parametrize("how", [Misbehaviour.LOGIN, Misbehaviour.STOPS, Misbehaviour.GARBAGE, Misbehaviour.SILENT])
def test_an_archive_that_could_not_be_asked_is_no_all_clear(judge, how):
    with QidoServer(PRIOR, misbehaviour=how) as server:
        done = judge(server, "--deadline", "1")
    assert (done.code, "无法判断" in done.out, "正常开单" in done.out) == (3, True, False)


def test_an_empty_archive_is_the_only_all_clear(judge):
    with QidoServer([dataset(study="A", PatientID="T0002")]) as server:
        done = judge(server)
    assert (done.code, "未查到，请正常开单" in done.out) == (0, True)


def test_an_examination_ordered_as_a_laboratory_test_is_told(judge):
    """Without its kind it is looked for among laboratory results, and no archive is asked."""
    order = {**ORDER, "items": [{"id": "1", "name": "胸部CT平扫"}]}
    with QidoServer(PRIOR) as server:
        done = judge(server, order=order)
        assert server.asked == []
    said = " ".join(done.out.split())
    assert 'is an examination; without "kind": "imaging" no images were asked for' in said
