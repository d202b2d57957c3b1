"""Which segments belong together: orders, specimens, notes, parents."""

from hl7build import OBR, PID, bare, issues, message, obx, one, only, results


def obr(n: int = 1, *, filler: str = "", code: str = "CBC^血常规", **fields: str) -> str:
    parts = ["OBR", str(n), f"O{n}", filler or f"R{n}", code, "", "", "20260820090000", *[""] * 17, "F"]
    for name, text in fields.items():
        number = int(name[1:])
        parts += [""] * (number + 1 - len(parts))
        parts[number] = text
    return "|".join(parts)


def spm(number: str = "S1", kind: str = "BLD^全血", **fields: str) -> str:
    parts = ["SPM", "1", number, "", kind]
    for name, text in fields.items():
        index = int(name[1:])
        parts += [""] * (index + 1 - len(parts))
        parts[index] = text
    return "|".join(parts)


def reports(read):
    return read.message.reports


def keys(read) -> list[tuple[str, int]]:
    return [(report.key, len(report.results)) for report in reports(read)]


def test_several_orders():
    read = one(bare(PID, obr(1), obx(), obx(n=2), obr(2, code="CRP^C反应蛋白"), obx(n=1)))
    assert keys(read) == [("F|R1|CBC", 2), ("F|R2|CRP", 1)]


def test_orc_before_obr():
    read = one(bare(PID, "ORC|RE|P9|F9|||||||||D1^测试医生", obr(1), obx()))
    (report,) = reports(read)
    assert report.request.placer.value == "P9"
    assert report.request.requester.practitioner.name.text == "测试医生"


def test_obr_before_orc():
    read = one(bare(PID, obr(1), "ORC|RE|P9|F9||CM", spm(), obx(), kind="OUL^R24"))
    (report,) = reports(read)
    assert report.request.placer.value == "P9"
    assert report.request.status_source == "CM"
    assert report.results[0].specimen == 0
    assert not issues(read, "order-missing")


def test_obr_before_orc_twice():
    read = one(bare(PID, obr(1), "ORC|RE|P1", obx(), obr(2), "ORC|RE|P2", obx()))
    assert [report.request.placer.value for report in reports(read)] == ["P1", "P2"]


def test_orc_obr_twice():
    read = one(bare(PID, "ORC|RE|P1", obr(1), obx(), "ORC|RE|P2", obr(2), obx()))
    assert [report.request.placer.value for report in reports(read)] == ["P1", "P2"]


def test_results_without_an_obr():
    read = one(bare(PID, "ORC|RE|P9|F9", obx(), obx(n=2)))
    assert keys(read) == [("F|F9|", 2)]
    issue = only(read, "order-missing")
    assert (issue.where, issue.message) == ("OBX[1]", "results without an OBR were kept in a report of their own")


def test_two_orders_without_obr_are_two_reports():
    read = one(bare(PID, "ORC|RE|P1|F1", obx(), "ORC|RE|P2|F2", obx(n=2), obx(n=3)))
    assert keys(read) == [("F|F1|", 1), ("F|F2|", 2)]


def test_an_order_without_results_is_a_report_without_results():
    assert keys(one(bare(PID, obr(1)))) == [("F|R1|CBC", 0)]


def test_a_report_without_any_number_says_so():
    read = one(bare(PID, "OBR|1|||CBC", obx()))
    issue = only(read, "report-identifier-missing")
    assert issue.where == "OBR[1]"
    assert "no filler and no placer number; a correction of it cannot be matched" in issue.message


def test_the_same_numbers_twice_stay_apart():
    assert keys(one(bare(PID, obr(1, filler="R"), obx(), obr(2, filler="R"), obx()))) == [
        ("F|R|CBC", 1),
        ("F|R|CBC~1", 1),
    ]


def test_the_same_code_twice_stays_apart():
    assert [r.key for r in results(one(message(obx(), obx(n=2))))] == ["#GLU", "#GLU~1"]


# -- specimens ---------------------------------------------------------------------------------------------------


def test_spm_after_the_results():
    read = one(bare(PID, obr(1), obx(), spm()))
    (report,) = reports(read)
    assert report.specimens[0].kind_code == "blood"
    assert (report.results[0].specimen, report.results[0].focus) == (0, None)


def test_spm_before_the_results_of_an_oru():
    (report,) = reports(one(bare(PID, obr(1), spm(), obx())))
    assert (report.results[0].specimen, report.results[0].focus) == (0, None)


def test_an_obx_after_the_specimen_describes_it():
    (report,) = reports(one(bare(PID, obr(1), obx(), spm(), obx(n=2, code="VOL^标本量"))))
    assert [(r.specimen, r.focus) for r in report.results] == [(0, None), (0, 0)]


def test_specimen_observations_of_oul_r22():
    read = one(
        bare(
            PID, spm("S1"), obx(n=1, code="HEM^溶血指数"), obr(1), obx(n=2), obr(2), obx(n=3),
            spm("S2", "SER^血清"), obx(n=4, code="HEM^溶血指数"), obr(3), obx(n=5), kind="OUL^R22",
        )
    )  # fmt: skip
    seen = [[(r.specimen, r.focus) for r in report.results] for report in reports(read)]
    assert seen == [[(0, 0), (0, None)], [(0, None)], [(0, 0), (0, None)]]
    assert [[s.key for s in report.specimens] for report in reports(read)] == [["S1"], ["S1"], ["S2"]]


def test_specimen_observations_without_an_order():
    read = one(bare(PID, spm("S1"), obx(code="HEM^溶血指数"), kind="OUL^R22"))
    assert read.counts.observations == 1
    assert only(read, "order-missing").where == "OBX[1]"


def test_a_specimen_without_order_or_result_is_said():
    read = one(bare(PID, spm("S1"), kind="OUL^R22"))
    assert only(read, "specimen-unlinked").message == "a specimen without any order was left out"


def test_two_specimens_and_obx_33():
    read = one(bare(PID, obr(1), obx(f33="S2"), obx(n=2), spm("S1"), spm("S2", "SER^血清")))
    (report,) = reports(read)
    assert [r.specimen for r in report.results] == [1, None]
    issue = only(read, "specimen-unlinked")
    assert issue.where == "OBX[2]-33"
    assert issue.message == "the report has several specimens and the result names none (OBX-33); none was linked"


def test_obx_33_that_names_another_specimen_than_the_only_one():
    read = one(bare(PID, obr(1), obx(f33="S9"), spm("S1")))
    assert results(read)[0].specimen is None
    issue = only(read, "specimen-unlinked")
    assert issue.where == "OBX[1]-33"
    assert issue.message == "the specimen that the result names is not in its report; none was linked"


def test_the_fields_of_a_specimen():
    segment = spm(
        "P1&LIS^F1&LIS", "SER^血清^HL70487", f7="VEN^静脉采血", f8="LA^左臂", f12="3.5^mL", f14="轻度溶血",
        f17="20260820083000^20260820083500", f18="20260820090000", f20="Y", f24="HEM^溶血",
    )  # fmt: skip
    (got,) = reports(one(bare(PID, obr(1), obx(), segment)))[0].specimens
    assert [(i.value, i.type.code) for i in got.identifiers] == [("P1", "PLAC"), ("F1", "FILL")]
    assert (got.collected.start.iso, got.collected.end.iso) == (
        "2026-08-20T08:30:00+08:00",
        "2026-08-20T08:35:00+08:00",
    )
    assert (str(got.quantity.value), got.quantity.unit.ucum) == ("3.5", "mL")
    assert got.notes[0].text == "轻度溶血"
    assert got.available is True
    assert got.conditions[0].text == "溶血"


def test_a_specimen_type_in_subcomponents_of_obr_15():
    (got,) = reports(one(bare(PID, obr(1, f15="C&血清"), obx())))[0].specimens
    assert (got.type.text, got.kind_code) == ("血清", "serum")


def test_an_unknown_specimen_type_is_kept_as_text():
    read = one(bare(PID, obr(1, f15="9&某种标本"), obx()))
    assert only(read, "specimen-unmapped").message == "specimen type '某种标本' is not in the table; kept as text"
    assert reports(read)[0].specimens[0].kind_code is None


# -- notes -------------------------------------------------------------------------------------------------------


def test_notes_stay_with_what_they_follow():
    read = one(
        bare(
            PID, obr(1), "NTE|1||报告备注", obx(), "NTE|1||第一项备注", "NTE|2||第二行", obx(n=2), spm(),
            "NTE|1||标本备注",
        )
    )  # fmt: skip
    (report,) = reports(read)
    assert [note.text for note in report.request.notes] == ["报告备注"]
    assert [[note.text for note in r.notes] for r in report.results] == [["第一项备注  \n第二行"], []]
    assert [note.text for note in report.specimens[0].notes] == ["标本备注"]


def test_a_note_with_an_author():
    (note,) = results(one(message(obx(), "NTE|1|L|复查|RE|D01^测试医生")))[0].notes
    assert (note.text, note.author.practitioner.name.text, note.kind) == ("复查", "测试医生", "L")


def test_a_note_after_the_patient_has_no_place():
    read = one(bare(PID, "NTE|1||患者备注", obr(1), obx()))
    issue = only(read, "segment-unused")
    assert issue.where == "NTE[1]"
    assert issue.message == "a note before any order or result has no place in a report and was left out"


def test_unused_segments_are_counted():
    read = one(message("ZDR|1|x", "ZDR|2|y", obx(), "TQ1|1", "CTI|1"))
    assert only(read, "segment-unknown").message == "ZDR is a sender's own segment and was not read (2 of them)"
    assert {issue.message.split()[0] for issue in issues(read, "segment-unused")} == {"TQ1", "CTI"}


# -- microbiology ------------------------------------------------------------------------------------------------


def culture() -> list[str]:
    return [
        obr(1, code="634-6^细菌培养^LN"),
        obx("112283007^大肠埃希菌^SCT", kind="CE", code="11475-1^病原体^LN", sub="1", unit=""),
        obx("3092008^金黄色葡萄球菌^SCT", n=2, kind="CE", code="11475-1^病原体^LN", sub="2", unit=""),
        obr(2, code="50545-3^药敏^LN", f26="11475-1&病原体&LN^2", f29="O1^R1"),
        obx("<=0.5", kind="ST", code="18906-8^环丙沙星^LN", unit="mg/L", flag="S"),
    ]


def test_susceptibility_descends_from_its_organism():
    read = one(bare(PID, *culture()))
    first, second = reports(read)
    assert [r.sub_id for r in first.results] == ["1", "2"]
    assert [r.key for r in first.results] == ["http://loinc.org#11475-1/1", "http://loinc.org#11475-1/2"]
    assert second.parent.order.value == "R1"
    assert second.results[0].derived_from.startswith(first.key)
    assert second.results[0].derived_from.endswith(first.results[1].key)


def test_a_parent_that_is_not_in_the_message_is_not_invented():
    segments = culture()
    segments[3] = segments[3].replace("^2|", "^7|")
    read = one(bare(PID, *segments))
    assert reports(read)[1].parent.sub_id == "7"
    assert reports(read)[1].results[0].derived_from is None


def test_a_parent_without_sub_id_that_fits_two_results_is_not_chosen():
    segments = culture()
    segments[3] = segments[3].replace("^2|", "|")
    assert reports(one(bare(PID, *segments)))[1].results[0].derived_from is None


# -- visit, performers, device -----------------------------------------------------------------------------------


def test_a_visit():
    read = one(message("PV1|1|I|W3^301^2|||||D1^测试医生|||||||||||V100^^^HIS", obx()))
    encounter = read.message.encounter
    assert (encounter.klass, encounter.class_source, encounter.location) == ("IMP", "I", "W3 301 2")
    assert (encounter.identifiers[0].value, encounter.identifiers[0].assigner) == ("V100", "H1/HIS")


def test_the_laboratory_and_the_device():
    (got,) = results(
        one(message(obx(f15="LAB1^检验科", f16="D02^测试技师", f17="GOD^葡萄糖氧化酶法", f18="AU5800-1^Beckman")))
    )
    person, lab = got.performers
    assert person.practitioner.name.text == "测试技师"
    assert lab.organization.name == "检验科"
    assert got.definition.method.text == "葡萄糖氧化酶法"
    assert (got.device.name, got.device.manufacturer) == ("AU5800-1", "Beckman")


def test_equal_definitions_are_one_object():
    first, second = results(one(message(obx("1.0"), obx("2.0", n=2))))
    assert first.definition is second.definition
    assert results(one(message(OBR, obx("3.0"), control="C9")))[0].definition is first.definition
