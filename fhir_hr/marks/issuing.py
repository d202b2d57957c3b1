"""Which marks may a finished report and its items carry, where is each shown, and why not otherwise?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import MarkPlace, MarkRegistry, MarkTarget, load_marks, without_symbols
from fhir_hr.marks.advice import ItemAdvice, MarkAdvice, MarkReason, MarkVerdict, Shown
from fhir_hr.marks.facts import ExamFacts, ItemFacts, facts_of_exam, facts_of_report
from fhir_hr.marks.grounds import STATED_NEEDS, Grounds, MarkInstitutions, MarkList, Statement, builtin_lists
from fhir_hr.marks.judging import QUALITY_NEEDS, Finding, judge
from fhir_hr.marks.needs import Need, State
from fhir_hr.marks.rules import MarkRule, MarkRules, load_mark_rules
from fhir_hr.marks.wording import NO_ITEM, NO_RULES, OTHER_KIND, reason_code
from fhir_hr.model.flags import Evidence, FlagBasis, Mark, RecognitionFlag
from fhir_hr.model.lab import Report, ReportKind, Result
from fhir_hr.model.people import Patient
from fhir_hr.model.priors import Institution

__all__ = ["issue_exam_marks", "issue_marks", "with_marks"]


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    institution: Institution
    grounds: Grounds
    rules: MarkRules
    registry: MarkRegistry
    marks: tuple[Mark, ...]


def issue_marks(
    report: Report,
    *,
    patient: Patient | None,
    institution: Institution,
    evidence: Sequence[Evidence] = (),
    statements: Sequence[Statement] = (),
    lists: Sequence[MarkList] | None = None,
    institutions: MarkInstitutions | None = None,
    marks: Sequence[str] | None = None,
    registry: MarkRegistry | None = None,
    rules: MarkRules | None = None,
) -> MarkAdvice:
    """Say for each result of a laboratory report, and for the report, which marks it may carry.

    What is not known forbids a mark wherever its text asks for it; a failed assessment in force forbids every mark.
    Nothing is changed: see :func:`with_marks`.

    Args:
        report: the finished report.
        patient: whose it is; the text wants the name on the report.
        institution: who issues it; ``id`` is compared with the evidence's, ``division`` with the mark's area.
        evidence: certificates of external assessment, internal quality control, expert assessment.
        statements: what the institution itself states.
        lists: lists of recognised items; the shipped ones by default.
        institutions: list of the institutions that take part, for marks whose text asks for it.
        marks: codes of the marks to ask for; all registered ones by default.
        registry: the marks; the shipped ones by default.
        rules: the issuing rules; the shipped ones by default.

    Raises:
        UsageError: ``marks`` names a mark that is not registered, or a statement is of a need that evidence shows.
    """
    asked = _asked(institution, evidence, statements, lists, institutions, marks, registry, rules)
    if report.kind is not ReportKind.LABORATORY:
        refused = tuple(_refused(mark, OTHER_KIND) for mark in asked.marks)
        return MarkAdvice(kind=report.kind, key=report.key, report=refused, items=())
    return _advice(facts_of_report(report, patient=patient), kind=report.kind, key=report.key, asked=asked)


def issue_exam_marks(
    exams: Sequence[ExamFacts],
    *,
    institution: Institution,
    evidence: Sequence[Evidence] = (),
    statements: Sequence[Statement] = (),
    lists: Sequence[MarkList] | None = None,
    institutions: MarkInstitutions | None = None,
    marks: Sequence[str] | None = None,
    registry: MarkRegistry | None = None,
    rules: MarkRules | None = None,
) -> MarkAdvice:
    """Say for each imaging examination of one report which marks it may carry; as :func:`issue_marks`.

    Raises:
        UsageError: ``marks`` names a mark that is not registered, or a statement is of a need that evidence shows.
    """
    asked = _asked(institution, evidence, statements, lists, institutions, marks, registry, rules)
    return _advice(tuple(facts_of_exam(each) for each in exams), kind=ReportKind.IMAGING, key="", asked=asked)


def with_marks(report: Report, advice: MarkAdvice, *, mark: str) -> Report:
    """Return the report with one mark put on what may carry it, and every other flag taken away.

    The flags stand on the ground ``issued`` and carry their evidence. The report itself gets a flag only where the
    mark is shown on reports (川内HR), not where it stands at items only (并HR).

    Raises:
        UsageError: the advice is of another report, or was not asked about this mark.
    """
    if advice.key != report.key or [each.key for each in advice.items] != [each.key for each in report.results]:
        msg = "the advice is not of this report"
        raise UsageError(msg)
    whole = next((each for each in advice.report if each.mark.code == mark), None)
    if whole is None:
        msg = f"the advice says nothing of the mark {mark[:40]!r}"
        raise UsageError(msg)
    results = tuple(_flagged(result, item, mark) for result, item in zip(report.results, advice.items, strict=True))
    on_report = [each for each in whole.shown if each.place is not MarkPlace.FOOT]
    flag = RecognitionFlag(mark=whole.mark, basis=FlagBasis.ISSUED) if whole.may and on_report else None
    return msgspec.structs.replace(report, results=results, flag=flag)


def _flagged(result: Result, advice: ItemAdvice, mark: str) -> Result:
    verdict = next((each for each in advice.verdicts if each.mark.code == mark and each.may), None)
    flag = None
    if verdict is not None:
        flag = RecognitionFlag(
            mark=verdict.mark,
            basis=FlagBasis.ISSUED,
            item=advice.item,
            list_uri=verdict.list_uri,
            list_version=verdict.list_version,
            authority=verdict.authority,
            evidence=verdict.evidence,
        )
    return msgspec.structs.replace(result, flag=flag)


def _asked(
    institution: Institution,
    evidence: Sequence[Evidence],
    statements: Sequence[Statement],
    lists: Sequence[MarkList] | None,
    institutions: MarkInstitutions | None,
    marks: Sequence[str] | None,
    registry: MarkRegistry | None,
    rules: MarkRules | None,
) -> _Asked:
    known = load_marks() if registry is None else registry
    chosen = []
    for code in known.codes if marks is None else marks:
        mark = known.by_code(code)
        if mark is None:
            msg = f"mark {code[:40]!r} is not registered; there are: {', '.join(known.codes)}"
            raise UsageError(msg)
        chosen.append(mark)
    for each in statements:
        if each.need not in STATED_NEEDS:
            allowed = ", ".join(need.value for need in STATED_NEEDS)
            msg = f"an institution's statement cannot show {each.need.value!r}; it can show: {allowed}"
            raise UsageError(msg)
    return _Asked(
        institution=institution,
        grounds=Grounds(
            institution=institution.id,
            evidence=tuple(evidence),
            statements=tuple(statements),
            lists=builtin_lists() if lists is None else tuple(lists),
            institutions=institutions,
        ),
        rules=load_mark_rules() if rules is None else rules,
        registry=known,
        marks=tuple(chosen),
    )


def _advice(facts: tuple[ItemFacts, ...], *, kind: ReportKind, key: str, asked: _Asked) -> MarkAdvice:
    items = tuple(
        ItemAdvice(
            key=each.key,
            where=each.where,
            name=without_symbols(each.name)[1],
            item=each.item,
            verdicts=tuple(_verdict(each, mark, asked) for mark in asked.marks),
        )
        for each in facts
    )
    report = tuple(_of_report(mark, kind, items, asked) for mark in asked.marks)
    return MarkAdvice(kind=kind, key=key, report=report, items=items)


def _of_report(mark: Mark, kind: ReportKind, items: tuple[ItemAdvice, ...], asked: _Asked) -> MarkVerdict:
    refusal = _no_text(mark, kind, asked)
    if refusal is not None:
        return refusal
    if not any(each.may(mark.code) for each in items):
        return _refused(mark, NO_ITEM)
    return MarkVerdict(mark=mark, may=True, shown=_shown(mark, kind, asked, {MarkTarget.REPORT}))


def _verdict(facts: ItemFacts, mark: Mark, asked: _Asked) -> MarkVerdict:
    refusal = _no_text(mark, facts.kind, asked)
    if refusal is not None:
        return refusal
    rules = asked.rules.asked(mark.code, facts.kind, item=facts.item.code if facts.item is not None else None)
    systems = tuple(rule.values[0] for rule in rules if rule.need is Need.ITEM_LISTED)
    reasons = _failures(facts, rules, asked)
    named = {each.need for each in reasons}
    findings: list[Finding] = []
    for rule in rules:
        found = judge(rule, facts, institution=asked.institution, grounds=asked.grounds, systems=systems)
        findings.append(found)
        if found.state is not State.MET and rule.need not in named:
            reasons.append(_reason(rule.need, found.state, rule))
    silent = asked.rules.silent(mark.code, facts.kind)
    if reasons:
        return MarkVerdict(mark=mark, may=False, reasons=tuple(reasons), silent=silent)
    source = next((each.list for each in findings if each.list is not None), None)
    return MarkVerdict(
        mark=mark,
        may=True,
        shown=_shown(mark, facts.kind, asked, {MarkTarget.ITEM, MarkTarget.IMAGE}),
        evidence=tuple(dict.fromkeys(proof for each in findings for proof in each.evidence)),
        silent=silent,
        list_uri=source.uri if source is not None else None,
        list_version=source.version if source is not None else None,
        authority=source.authority if source is not None else None,
    )


def _failures(facts: ItemFacts, rules: tuple[MarkRule, ...], asked: _Asked) -> list[MarkReason]:
    """A failed assessment forbids every mark, also where the text of the mark asks for none."""
    code = facts.item.code if facts.item is not None else None
    by_need = {rule.need: rule for rule in rules}
    return [
        _reason(QUALITY_NEEDS[kind], state, by_need.get(QUALITY_NEEDS[kind]))
        for kind, state in asked.grounds.failures(item=code, performed=facts.performed)
    ]


def _reason(need: Need, state: State, rule: MarkRule | None) -> MarkReason:
    code = reason_code(need, state)
    if rule is None:
        return MarkReason(code=code, need=need, state=state, note="质量评价不合格者一律不标注，文本未提亦同")
    return MarkReason(
        code=code,
        need=need,
        state=state,
        clause=rule.clause,
        words=rule.words,
        certainty=rule.certainty,
        note=rule.note,
        source=rule.source,
    )


def _no_text(mark: Mark, kind: ReportKind, asked: _Asked) -> MarkVerdict | None:
    kinds = asked.rules.kinds(mark.code)
    if not kinds:
        return _refused(mark, NO_RULES)
    return _refused(mark, OTHER_KIND) if kind not in kinds else None


def _refused(mark: Mark, code: str) -> MarkVerdict:
    return MarkVerdict(mark=mark, may=False, reasons=(MarkReason(code=code),))


def _shown(mark: Mark, kind: ReportKind, asked: _Asked, targets: set[MarkTarget]) -> tuple[Shown, ...]:
    return tuple(
        Shown(
            target=each.target,
            place=each.place,
            words=each.words,
            clause=each.clause,
            certainty=each.certainty,
            note=each.note,
        )
        for each in asked.registry.places_of(mark.code, kind=kind)
        if each.target in targets
    )
