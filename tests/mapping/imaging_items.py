"""Typical studies for each row of the list, and the reference page that is made of them.

``python tests/mapping/imaging_items.py`` prints the table; a test holds the committed one against it.
"""

from fhir_hr.mapping.dicom_exams import match_exam
from fhir_hr.mapping.exams import load_exams
from fhir_hr.model.codes import Concept
from fhir_hr.model.exams import Contrast, Side, View
from fhir_hr.model.imaging import Instance, InstanceKind, Series, Study

PARTS = {
    "chest": "CHEST", "infant-chest": "CHEST", "shoulder": "SHOULDER", "elbow": "ELBOW", "wrist": "WRIST",
    "hand": "HAND", "hip": "HIP", "knee": "KNEE", "ankle": "ANKLE", "foot": "FOOT", "cervical-spine": "CSPINE",
    "thoracic-spine": "TSPINE", "lumbar-spine": "LSPINE", "sacrococcygeal-spine": "SSPINE", "pelvis": "PELVIS",
    "head": "HEAD", "nose": "NOSE", "upper-abdomen": "ABDOMEN", "pelvic-cavity": "PELVIS", "brain": "BRAIN",
    "sella": "SELLA",
}  # fmt: skip
MODALITIES = {"DR": "DX", "CT": "CT", "MR": "MR"}
VIEWS = {View.FRONTAL: "AP", View.STANDING_PA: "PA", View.LATERAL: "LL", View.OBLIQUE: "LLO"}
SIDES = {Side.LEFT: "左", Side.RIGHT: "右", Side.BOTH: "双侧"}
UNREACHABLE_PARTS = {
    "sacrococcygeal-spine": "骶尾椎：SSPINE 只说骶骨",
    "upper-abdomen": "上腹部：ABDOMEN 不分上腹与全腹",
    "pelvic-cavity": "盆腔：PELVIS 不分骨盆与盆腔",
    "infant-chest": "婴幼儿：头部信息无年龄界限可依",
}


def images(uid, count, sop_class="1.2.840.10008.5.1.4.1.1.2"):
    return tuple(
        Instance(uid=f"{uid}.{number}", sop_class=sop_class, kind=InstanceKind.IMAGE) for number in range(count)
    )


def series(uid="1", *, modality="CT", part=None, count=1, **more):
    return Series(
        uid=uid,
        modality=modality,
        body_part=Concept(text=part) if part else None,
        instances=images(uid, count),
        **more,
    )


def header_study(row, *, description=None, protocols=()):
    """A study as a machine sends it: standard terms only, one series for each projection or phase."""
    exam = row.exam
    phases = [None]
    if exam.contrast is Contrast.PLAIN_AND_ENHANCED:
        phases = [None, True]
    common = {"modality": MODALITIES[exam.modality], "part": PARTS[exam.body_part], "side": exam.side}
    if exam.views:
        made = [series(str(n), views=(VIEWS[view],), **common) for n, view in enumerate(exam.views, 1)]
    else:
        made = [series(str(n), contrast=agent, count=30, **common) for n, agent in enumerate(phases, 1)]
    if protocols:
        made = [
            Series(**{**{f: getattr(each, f) for f in each.__struct_fields__}, "protocol": text})
            for each, text in zip(made, protocols, strict=True)
        ]
    return Study(uid="1.2.3", description=description, series=tuple(made))


def needs(row):
    """What must be stated beside what headers prove."""
    exam = row.exam
    missing = []
    if exam.body_part in UNREACHABLE_PARTS:
        missing.append(UNREACHABLE_PARTS[exam.body_part])
    if exam.views and View.STANDING_PA in exam.views:
        missing.append("站立（站立、立位、直立、ERECT、UPRIGHT）：ViewPosition PA 不说明站立")
    if exam.contrast is Contrast.PLAIN:
        missing.append("平扫（平扫、普通扫描、WITHOUT CONTRAST）：不写对比剂不等于平扫")
    if exam.contrast is Contrast.PLAIN_AND_ENHANCED:
        missing.append("平扫期与增强都须写明：有的序列写对比剂，不证明其余为平扫")
    return missing


def worded_study(row):
    """The header study with the words that :func:`needs` asks for, and no whole name of the list."""
    exam = row.exam
    words = {
        "sacrococcygeal-spine": ["骶尾椎"],
        "upper-abdomen": ["上腹部"],
        "pelvic-cavity": ["盆腔"],
        "infant-chest": ["婴幼儿"],
    }.get(exam.body_part, [])
    if exam.views and View.STANDING_PA in exam.views:
        words.append("立位")
    if exam.contrast is Contrast.PLAIN:
        words.append("平扫")
    protocols = ()
    if exam.contrast is Contrast.PLAIN_AND_ENHANCED:
        protocols = ("平扫", "增强扫描")
    return header_study(row, description=" ".join(words) or None, protocols=protocols)


def page():
    lines = [
        "| 项目 | 项目中文简称 | 头部信息必须有 | 仅凭标准头部信息 | 另须写明 |",
        "|---|---|---|---|---|",
    ]
    for row in load_exams().rows:
        exam = row.exam
        headers = [f"Modality {MODALITIES[exam.modality]}", f"BodyPartExamined {PARTS[exam.body_part]}"]
        if exam.side:
            headers.append(f"Laterality {'L' if exam.side is Side.LEFT else 'R' if exam.side is Side.RIGHT else 'B'}")
        if exam.views:
            headers.append("ViewPosition " + "、".join(VIEWS[view] for view in exam.views))
        reading = match_exam(header_study(row))
        found = "确定" if reading.item else "候选 " + "、".join(code.code[-2:] for code in reading.candidates)
        lines.append(
            f"| {row.code.code} | {row.name_zh} | {'；'.join(headers)} | {found} | {'；'.join(needs(row)) or '—'} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(page())
