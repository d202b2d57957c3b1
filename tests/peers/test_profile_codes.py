"""The code systems say the same as the library's own words."""

import json
from pathlib import Path

import pytest

from fhir_hr.model import flags
from fhir_hr.model.decisions import RecognitionOutcome
from fhir_hr.model.imaging import CompletenessGround, CompletenessVerdict
from fhir_hr.rules.vocabulary import ReasonCode

PROFILES = Path(__file__).resolve().parents[2] / "profiles" / "fhir"


def system(release, name):
    return json.loads((PROFILES / release.lower() / f"CodeSystem-{name}.json").read_text("utf-8"))


def codes(release, name):
    return [concept["code"] for concept in system(release, name)["concept"]]


WORDS = {
    "recognition-basis": flags.FlagBasis,
    "evidence-type": flags.EvidenceType,
    "evidence-result": flags.EvidenceResult,
    "recognition-outcome": RecognitionOutcome,
    "recognition-reason": ReasonCode,
    "completeness-verdict": CompletenessVerdict,
    "completeness-ground": CompletenessGround,
}


@pytest.mark.parametrize("name", WORDS)
def test_codes_are_the_words_of_the_model(release, name):
    assert sorted(codes(release, name)) == sorted(member.value for member in WORDS[name])


def test_items_are_the_list_of_sichuan(release):
    concepts = system(release, "recognised-item-cn-51-lab")["concept"]
    assert [c["code"] for c in concepts] == [f"cn-51-lab-{number:02d}" for number in range(1, 17)]
    assert concepts[0]["display"] == "白细胞"
    assert concepts[15]["display"] == "乙肝病毒表面抗原"
    assert {"code": "remark", "valueString": "需标明方法学、定量或定性"} in concepts[15]["property"]
    assert all("附件1" in c["definition"] for c in concepts)


def test_imaging_items_are_the_known_rows_of_sichuan(release):
    found = system(release, "recognised-item-cn-51-imaging")
    # Not all rows of the list are known, and the code system says so.
    assert found["content"] == "fragment"
    concepts = {c["code"]: c for c in found["concept"]}
    assert list(concepts) == [f"cn-51-img-{number:02d}" for number in range(1, 47)]
    assert concepts["cn-51-img-02"]["display"] == "胸部站立后前位及侧位摄影"
    views = [p["valueString"] for p in concepts["cn-51-img-02"]["property"] if p["code"] == "view"]
    assert views == ["lateral", "standing-pa"]
    assert {"code": "includes", "valueCode": "cn-51-img-26"} in concepts["cn-51-img-39"]["property"]
    assert {"code": "side", "valueString": "both"} in concepts["cn-51-img-45"]["property"]
    assert all("附件3 第" in c["definition"] for c in concepts.values())
    assert concepts["cn-51-img-46"]["definition"] == "附件3 第46项"


def test_properties_of_items_are_declared(release):
    for name in ("recognised-item-cn-51-lab", "recognised-item-cn-51-imaging"):
        found = system(release, name)
        declared = {one["code"]: one["type"].lower() for one in found["property"]}
        used = {
            (p["code"], next(k for k in p if k.startswith("value"))[5:].lower())
            for c in found["concept"]
            for p in c["property"]
        }
        assert used <= set(declared.items())


def test_a_mark_is_valid_only_in_listed_scopes(release):
    known = set(codes(release, "recognition-scope"))
    for concept in system(release, "recognition-mark")["concept"]:
        properties = concept["property"]
        scopes = {p["valueCoding"]["code"] for p in properties if p["code"] == "scope"}
        (confirmation,) = (p["valueCode"] for p in properties if p["code"] == "confirmation")
        assert scopes <= known, concept["code"]
        assert bool(scopes) == (confirmation != "unconfirmed"), concept["code"]


def test_what_people_read_is_there_in_chinese(release):
    for path in (PROFILES / release.lower()).glob("CodeSystem-*.json"):
        resource = json.loads(path.read_text("utf-8"))
        for concept in resource["concept"]:
            chinese = [d["value"] for d in concept.get("designation", []) if d["language"] == "zh-CN"]
            assert chinese or resource.get("language") == "zh-CN", (path.name, concept["code"])
