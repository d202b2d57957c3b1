"""Invented reports that may carry a mark, and what has to be changed so that they may not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from fhir_hr.mapping.items import load_items
from fhir_hr.marks import (
    ExamFacts,
    ListedItem,
    MarkAdvice,
    MarkList,
    Need,
    State,
    Statement,
    builtin_lists,
    issue_exam_marks,
    issue_marks,
)
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.lab import (
    ReferenceRange,
    Report,
    ReportKind,
    ReportStatus,
    Result,
    ResultDefinition,
    ResultStatus,
    Scale,
    Specimen,
)
from fhir_hr.model.people import HumanName, Patient
from fhir_hr.model.priors import Institution, Ownership
from fhir_hr.model.values import Absent, AbsentReason, Quantity
from fhir_hr.model.when import Period, Precision, When

HOSPITAL = "12510000000000001H"
CENTRE = "四川省临床检验中心"
WBC, PLT, ALT, HBSAG = "cn-51-lab-01", "cn-51-lab-04", "cn-51-lab-12", "cn-51-lab-16"
BASE = "https://fhir-hr.example/fhir/CodeSystem/recognised-item-"
PATIENT = Patient(names=(HumanName(text="演示"),))


def when(text: str | None) -> When | None:
    if text is None:
        return None
    return When(iso=text, precision={4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}[len(text)])


def proof(
    kind: str, result: str = "passed", *, item: str | None = None, start: str | None = "2026-01-01",
    end: str | None = "2026-12-31", issuer: str | None = CENTRE, institution: str = HOSPITAL,
) -> Evidence:  # fmt: skip
    return Evidence(
        type=EvidenceType(kind),
        result=EvidenceResult(result),
        institution=institution,
        item=item,
        start=when(start),
        end=when(end),
        issuer=issuer,
    )


def result(number: int = 1, *, item: str | None = WBC, name: str = "*白细胞", **changes: Any) -> Result:
    code = load_items().by_code[item].code if item is not None and item in load_items().by_code else item
    parts: dict[str, Any] = {
        "code": Concept(text=name),
        "item": code,
        "method": Concept(text="化学发光法"),
        "ranges": (ReferenceRange(text="3.5-9.5"),),
        "scale": Scale.QUANTITATIVE,
    }
    own = {key: changes.pop(key) for key in list(changes) if key in parts}
    settings: dict[str, Any] = {
        "value": Quantity(value=Decimal("6.30")),
        "status": ResultStatus.FINAL,
        "specimen": 0,
        "where": f"OBX[{number}]",
        "key": f"r{number}",
    }
    return Result(definition=ResultDefinition(**{**parts, **own}), **{**settings, **changes})


def report(*results: Result, collected: str | None = "2026-08-20", kind_code: str | None = None, **changes: Any):
    specimen = Specimen(
        key="s",
        where="SPM[1]",
        type=Concept(text="静脉血"),
        kind_code=kind_code or "blood-unspecified",
        collected=Period(start=when(collected)),
    )
    settings: dict[str, Any] = {
        "key": "R1",
        "kind": ReportKind.LABORATORY,
        "where": "OBR[1]",
        "status": ReportStatus.FINAL,
        "specimens": (specimen,),
        "results": results or (result(),),
    }
    return Report(**{**settings, **changes})


def exam(**changes: Any) -> ExamFacts:
    settings: dict[str, Any] = {
        "key": "e1",
        "name": "胸部CT平扫",
        "status": ReportStatus.FINAL,
        "performed": when("2026-08-20"),
        "patient_named": True,
        "device_model": "演示CT-64",
        "series_complete": True,
        "image_quality": True,
        "report_sound": True,
    }
    return ExamFacts(**{**settings, **changes})


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A case in which a mark may be shown; ``ask`` changes one thing and asks again."""

    mark: str
    kind: ReportKind
    item: str
    institution: Institution
    evidence: tuple[Evidence, ...]
    statements: tuple[Statement, ...]
    lists: tuple[MarkList, ...]
    settings: dict[str, Any] = {}

    def ask(self, **changes: Any) -> MarkAdvice:
        options = {
            "institution": self.institution,
            "evidence": self.evidence,
            "statements": self.statements,
            "lists": self.lists,
            "marks": [self.mark],
            **self.settings,
        }
        for key in (*options, "rules", "institutions", "registry"):
            if key in changes:
                options[key] = changes.pop(key)
        if self.kind is ReportKind.LABORATORY:
            patient = changes.pop("patient", PATIENT)
            return issue_marks(changes.pop("report", None) or self.report(**changes), patient=patient, **options)
        return issue_exam_marks([self.exam(**changes)], **options)

    def report(self, **changes: Any) -> Report:
        whole = {key: changes.pop(key) for key in ("collected", "kind_code", "specimens") if key in changes}
        if "report_status" in changes:
            whole["status"] = changes.pop("report_status")
        return report(result(**{"item": self.item, **changes}), **{"kind_code": self._kind(), **whole})

    def exam(self, **changes: Any) -> ExamFacts:
        if "report_status" in changes:
            changes["status"] = changes.pop("report_status")
        return exam(**{"item": Code(system=self.lists[0].system, code=self.item), **changes})

    def _kind(self) -> str:
        return "blood" if self.item in (WBC, PLT) else "serum"


def _sichuan(mark: str, kind: ReportKind, item: str) -> Scene:
    imaging = MarkList(
        system=f"{BASE}cn-51-imaging", items=(ListedItem(code=Code(system=f"{BASE}cn-51-imaging", code=item)),)
    )
    lab = kind is ReportKind.LABORATORY
    return Scene(
        mark=mark,
        kind=kind,
        item=item,
        institution=Institution(id=HOSPITAL, division="510104"),
        evidence=(proof("eqa", item=item), proof("iqc", issuer=None)) if lab else (),
        statements=(
            Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL),
            Statement(need=Need.AUTHORISED, institution=HOSPITAL, mark="chuanyu-hr"),
        ),
        lists=builtin_lists() if lab else (imaging,),
    )


def _taiyuan() -> Scene:
    system = f"{BASE}cn-1401-imaging"
    return Scene(
        mark="bing-hr",
        kind=ReportKind.IMAGING,
        item="cn-1401-img-01",
        institution=Institution(id=HOSPITAL, division="140105", tier=2, ownership=Ownership.PUBLIC),
        evidence=(proof("assessment", issuer=None),),
        statements=(),
        lists=(MarkList(system=system, items=(ListedItem(code=Code(system=system, code="cn-1401-img-01")),)),),
    )


SCENES: dict[tuple[str, ReportKind, str | None], Scene] = {
    **{
        (mark, ReportKind.LABORATORY, item): _sichuan(mark, ReportKind.LABORATORY, item or WBC)
        for mark in ("chuannei-hr", "chuanyu-hr")
        for item in (None, HBSAG)
    },
    **{
        (mark, ReportKind.IMAGING, None): _sichuan(mark, ReportKind.IMAGING, "cn-51-img-26")
        for mark in ("chuannei-hr", "chuanyu-hr")
    },
    ("bing-hr", ReportKind.IMAGING, None): _taiyuan(),
}
"""By mark, kind of report and item of a rule."""


def other_institution(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {"institution": msgspec.structs.replace(scene.institution, **changes)}


def _without(scene: Scene, kind: str, *instead: Evidence) -> dict[str, Any]:
    return {"evidence": (*(each for each in scene.evidence if each.type.value != kind), *instead)}


def _unsaid(scene: Scene, need: Need) -> dict[str, Any]:
    return {"statements": tuple(each for each in scene.statements if each.need is not need)}


def _list(scene: Scene, items: Sequence[ListedItem], **changes: Any) -> dict[str, Any]:
    return {"lists": tuple(msgspec.structs.replace(each, items=tuple(items), **changes) for each in scene.lists)}


def _early(scene: Scene, day: str) -> dict[str, Any]:
    """An earlier day, at which everything but the text was in force."""
    always = tuple(msgspec.structs.replace(each, start=None, end=None) for each in scene.evidence)
    name = "collected" if scene.kind is ReportKind.LABORATORY else "performed"
    return {"evidence": always, name: day if name == "collected" else when(day)}


def _no_time(scene: Scene) -> dict[str, Any]:
    """A time that is stated, but only to the year: enough for every period here, and not for the text."""
    always = tuple(msgspec.structs.replace(each, start=None, end=None) for each in scene.evidence)
    name = "collected" if scene.kind is ReportKind.LABORATORY else "performed"
    return {"evidence": always, name: "2026" if name == "collected" else when("2026")}


BREAKS: dict[tuple[Need, State], Any] = {
    (Need.TEXT_IN_FORCE, State.MISSING): lambda s: _early(s, "2022-07-31" if s.mark != "bing-hr" else "2023-12-31"),
    (Need.TEXT_IN_FORCE, State.UNKNOWN): lambda s: _early(s, "2022-08-15" if s.mark != "bing-hr" else "2024-05-01"),
    (Need.REPORT_FINAL, State.MISSING): lambda _: {"report_status": ReportStatus.PRELIMINARY},
    (Need.REPORT_FINAL, State.UNKNOWN): lambda _: {"report_status": ReportStatus.UNKNOWN},
    (Need.RESULT_FINAL, State.MISSING): lambda _: {"status": ResultStatus.CANCELLED},
    (Need.RESULT_FINAL, State.UNKNOWN): lambda _: {"status": ResultStatus.UNKNOWN},
    (Need.INSTITUTION_AREA, State.MISSING): lambda s: other_institution(s, division="500101"),
    (Need.INSTITUTION_AREA, State.UNKNOWN): lambda s: other_institution(s, division=None),
    (Need.INSTITUTION_PUBLIC, State.MISSING): lambda s: other_institution(s, ownership=Ownership.PRIVATE),
    (Need.INSTITUTION_PUBLIC, State.UNKNOWN): lambda s: other_institution(s, ownership=None),
    (Need.INSTITUTION_TIER, State.MISSING): lambda s: other_institution(s, tier=1),
    (Need.INSTITUTION_TIER, State.UNKNOWN): lambda s: other_institution(s, tier=None),
    (Need.AUTHORISED, State.UNKNOWN): lambda s: _unsaid(s, Need.AUTHORISED),
    (Need.ITEM_LISTED, State.MISSING): lambda s: _list(s, ()),
    (Need.ITEM_LISTED, State.UNKNOWN): lambda _: {"lists": ()},
    (Need.PATIENT_NAMED, State.MISSING): lambda s: (
        {"patient": None} if s.kind is ReportKind.LABORATORY else {"patient_named": False}
    ),
    (Need.PATIENT_NAMED, State.UNKNOWN): lambda _: {"patient_named": None},
    (Need.PERFORMED_STATED, State.MISSING): _no_time,
    (Need.SPECIMEN_STATED, State.MISSING): lambda s: {
        "specimens": (msgspec.structs.replace(s.report().specimens[0], type=Concept()),)
    },
    (Need.SPECIMEN_FIT, State.MISSING): lambda _: {"kind_code": "urine"},
    (Need.SPECIMEN_FIT, State.UNKNOWN): lambda s: {
        "specimens": (msgspec.structs.replace(s.report().specimens[0], kind_code=None),)
    },
    (Need.VALUE_PRESENT, State.MISSING): lambda _: {"value": Absent(reason=AbsentReason.UNKNOWN)},
    (Need.METHOD_STATED, State.MISSING): lambda _: {"method": Concept(text=" ")},
    (Need.REFERENCE_STATED, State.MISSING): lambda _: {"ranges": ()},
    (Need.SCALE_STATED, State.MISSING): lambda _: {"scale": None},
    (Need.SERIES_COMPLETE, State.MISSING): lambda _: {"series_complete": False},
    (Need.SERIES_COMPLETE, State.UNKNOWN): lambda _: {"series_complete": None},
    (Need.IMAGE_QUALITY, State.MISSING): lambda _: {"image_quality": False},
    (Need.IMAGE_QUALITY, State.UNKNOWN): lambda _: {"image_quality": None},
    (Need.REPORT_SOUND, State.MISSING): lambda _: {"report_sound": False},
    (Need.REPORT_SOUND, State.UNKNOWN): lambda _: {"report_sound": None},
    (Need.DEVICE_MODEL, State.MISSING): lambda _: {"device_model": " "},
    (Need.EQA, State.MISSING): lambda s: _without(s, "eqa", proof("eqa", "not-assessed", item=s.item)),
    (Need.EQA, State.UNKNOWN): lambda s: _without(s, "eqa"),
    (Need.IQC, State.MISSING): lambda s: _without(s, "iqc", proof("iqc", "not-assessed")),
    (Need.IQC, State.UNKNOWN): lambda s: _without(s, "iqc"),
    (Need.ASSESSMENT, State.MISSING): lambda s: _without(s, "assessment", proof("assessment", "not-assessed")),
    (Need.ASSESSMENT, State.UNKNOWN): lambda s: _without(s, "assessment"),
    (Need.QUALITY_SYSTEM, State.UNKNOWN): lambda s: _unsaid(s, Need.QUALITY_SYSTEM),
}
"""How to break one need alone."""
