"""The embedded store: what it keeps, what it answers, and what it says when it cannot."""

from __future__ import annotations

import itertools
import sqlite3
import stat
import threading
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fhir_hr.errors import StoreError
from fhir_hr.issues import IssueCode
from fhir_hr.model.codes import Code, Identifier
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus
from fhir_hr.model.people import Sex
from fhir_hr.sources import (
    Found,
    Nothing,
    Partial,
    PriorQuery,
    PriorStore,
    Refused,
    ReportVersion,
    Unavailable,
)

from .conftest import CARD, PATIENT, WBC, at, deposit, prior

QUERY = PriorQuery(patient=PATIENT)


def held(store: PriorStore):
    answer = store.find(QUERY)
    assert isinstance(answer, Found), answer
    (only,) = answer.priors
    return only


def test_what_was_kept_is_found_digit_by_digit(store):
    kept = store.keep(deposit(prior(value="4.30"), message="m1", created=at("10:00")))
    assert (kept.added, kept.issues) == (1, ())
    found = held(store)
    assert found.value.value == Decimal("4.30")
    assert str(found.value.value) == "4.30"
    assert found.superseded is False


def test_another_patient_finds_nothing(store):
    store.keep(deposit(prior(), message="m1"))
    stranger = PatientIdentity(identifiers=(Identifier(value="A-2", assigner="H-A"),))
    assert store.find(PriorQuery(patient=stranger)) == Nothing(source="本院结果库")


def test_lower_case_check_letter_of_a_card_is_the_same_card(store):
    big = PatientIdentity(identifiers=(Identifier(system=CARD.system, value="99999919900307101X"),))
    small = PatientIdentity(identifiers=(Identifier(system=CARD.system, value="99999919900307101x"),))
    store.keep(deposit(prior(patient=big), message="m1"))
    assert isinstance(store.find(PriorQuery(patient=small)), Found)


def test_a_hospitals_number_finds_its_patient_with_and_without_its_root(store):
    rooted = Identifier(value="B-7", assigner="H-B", system="urn:oid:2.16.156.10011.2.5.1.4")
    bare = Identifier(value="B-7", assigner="H-B")
    store.keep(deposit(prior(patient=PatientIdentity(identifiers=(rooted,), name="测试乙")), message="m1"))
    for number in (rooted, bare):
        patient = PatientIdentity(identifiers=(number,), name="测试乙")
        assert [each.id for each in store.find(PriorQuery(patient=patient)).priors] == ["p1"]


def test_a_shared_number_with_another_sex_is_doubt_and_never_a_result(store):
    store.keep(deposit(prior(), message="m1"))
    other = msgspec.structs.replace(PATIENT, sex=Sex.MALE)
    answer = store.find(PriorQuery(patient=other))
    assert isinstance(answer, Partial)
    assert answer.priors == ()
    (issue,) = answer.issues
    assert issue.code == IssueCode.IDENTITY_DOUBTFUL
    assert issue.message == (
        "1 result(s) of 甲医院 carry an identifier of this patient, but sex differs; "
        "they were left out until someone has looked"
    )
    assert "测试甲" not in str(answer.issues)


@pytest.mark.parametrize(
    "patient",
    [
        PatientIdentity(name="测试甲", sex=Sex.FEMALE),
        PatientIdentity(identifiers=(Identifier(value="1"),)),
        PatientIdentity(identifiers=(Identifier(value="", assigner="H-A"),)),
    ],
    ids=["name only", "number without assigner", "empty number"],
)
def test_a_query_without_certain_identifier_is_refused(store, patient):
    answer = store.find(PriorQuery(patient=patient))
    assert isinstance(answer, Refused)
    assert "the query names no identifier that proves who the patient is" in answer.issues[0].message


def test_filters_never_exclude_what_is_unknown(store):
    store.keep(
        deposit(
            prior(id="listed", performed=at("08:00")),
            prior(id="unmapped", item=None, performed=None),
            prior(id="image", kind=ReportKind.IMAGING, item=None),
            message="m1",
        )
    )
    other = Code(system=WBC.system, code="cn-51-lab-02")

    def ids(**options):
        return [each.id for each in store.find(PriorQuery(patient=PATIENT, **options)).priors]

    assert ids() == ["image", "listed", "unmapped"]
    assert ids(kinds=(ReportKind.LABORATORY,)) == ["listed", "unmapped"]
    assert ids(items=(other,), kinds=(ReportKind.LABORATORY,)) == ["unmapped"]
    assert ids(since=at("09:00"), kinds=(ReportKind.LABORATORY,)) == ["unmapped"]


class TestVersions:
    first = deposit(prior(value="6.30", reported=at("10:00")), message="m1", created=at("10:01"))
    corrected = deposit(
        prior(
            value="3.60",
            reported=at("12:00"),
            status=ResultStatus.CORRECTED,
            report_status=ReportStatus.CORRECTED,
        ),
        message="m2",
        created=at("12:01"),
    )
    withdrawn = deposit(
        prior(value="0", reported=at("13:00"), status=ResultStatus.ENTERED_IN_ERROR),
        message="m3",
        created=at("13:01"),
    )
    resent = deposit(prior(value="6.30", reported=at("10:00")), message="m4", created=at("15:00"))

    def test_same_message_twice_changes_nothing(self, store):
        store.keep(self.first)
        before = store.find(QUERY)
        again = store.keep(self.first)
        assert (again.unchanged, again.added, again.issues) == (1, 0, ())
        assert store.find(QUERY) == before

    def test_a_correction_supersedes_and_says_so(self, store):
        store.keep(self.first)
        kept = store.keep(self.corrected)
        assert kept.replaced == 1
        assert [(i.code, i.message) for i in kept.issues] == [
            (IssueCode.CORRECTION, "a correction replaced the result that was held")
        ]
        assert held(store).value_text == "3.60"

    def test_a_correction_before_its_original(self, store):
        early = store.keep(self.corrected)
        assert [i.code for i in early.issues] == [IssueCode.CORRECTION_WITHOUT_ORIGINAL]
        late = store.keep(self.first)
        assert (late.unchanged, late.replaced) == (1, 0)
        assert [(i.code, i.message) for i in late.issues] == [
            (
                IssueCode.OLDER_MESSAGE,
                "an older message arrived after a newer one; it was kept as history only",
            )
        ]
        assert held(store).value_text == "3.60"

    def test_a_withdrawal_marks_and_keeps_what_was_withdrawn(self, store):
        store.keep(self.first)
        kept = store.keep(self.withdrawn)
        assert (kept.withdrawn, [i.code for i in kept.issues]) == (1, [IssueCode.RESULT_WITHDRAWN])
        found = held(store)
        assert (found.superseded, found.status, found.value_text) == (True, "entered-in-error", "6.30")

    def test_a_withdrawal_of_the_unknown_is_said_and_not_undone_by_the_late_original(self, store):
        kept = store.keep(self.withdrawn)
        assert [i.message for i in kept.issues] == [
            "a result was withdrawn that was never received; it was kept as withdrawn"
        ]
        store.keep(self.first)
        assert held(store).superseded is True

    def test_a_resent_original_never_undoes_its_correction(self, store):
        for each in (self.first, self.corrected, self.resent):
            store.keep(each)
        assert held(store).value_text == "3.60"

    def test_a_new_report_after_a_withdrawal_is_in_force(self, store):
        again = deposit(prior(value="5.00", reported=at("14:00")), message="m5", created=at("14:00"))
        for each in (self.first, self.withdrawn, again):
            store.keep(each)
        assert (held(store).superseded, held(store).value_text) == (False, "5.00")

    def test_every_order_of_arrival_leaves_the_same_answer(self, tmp_path):
        answers = set()
        for number, order in enumerate(
            itertools.permutations((self.first, self.corrected, self.withdrawn, self.resent))
        ):
            with PriorStore(tmp_path / f"{number}.db") as store:
                for each in order:
                    store.keep(each)
                answers.add(msgspec.json.encode(store.find(QUERY)))
        assert len(answers) == 1

    def test_contradiction_without_times_is_doubt(self, tmp_path):
        a = deposit(prior(value="1.0"), message="a")
        b = deposit(prior(value="2.0"), message="b")
        results = []
        for number, order in enumerate(((a, b), (b, a))):
            with PriorStore(tmp_path / f"{number}.db") as store:
                store.keep(order[0])
                last = store.keep(order[1])
                results.append(held(store))
        assert results[0] == results[1]
        assert results[0].superseded is None
        assert IssueCode.DUPLICATE_RESULT in {i.code for i in last.issues}

    def test_a_withdrawn_report_reaches_results_that_it_does_not_list(self, store):
        store.keep(self.first)
        empty = deposit(
            message="m9",
            created=at("16:00"),
            reports=(ReportVersion(report_id="r1", status=ReportStatus.CANCELLED, issued=at("16:00")),),
        )
        kept = store.keep(empty)
        assert [i.message for i in kept.issues] == [
            "the whole report was withdrawn; this result stays visible as withdrawn"
        ]
        assert held(store).superseded is True

    def test_a_corrected_report_that_drops_a_result_puts_it_in_doubt(self, store):
        store.keep(self.first)
        other = deposit(
            prior(id="p2", reported=at("12:00"), report_status=ReportStatus.CORRECTED),
            message="m2",
            created=at("12:01"),
        )
        kept = store.keep(other)
        assert "the corrected report no longer lists this result; it is in doubt" in [i.message for i in kept.issues]
        assert {p.id: p.superseded for p in store.find(QUERY).priors} == {"p1": None, "p2": False}


def test_a_reused_report_number_never_moves_a_result_to_another_patient(store):
    store.keep(deposit(prior(value="6.30"), message="m1", created=at("10:00")))
    other = PatientIdentity(identifiers=(Identifier(system=CARD.system, value="999999198512240017"),), name="测试乙")
    kept = store.keep(deposit(prior(value="9.99", patient=other), message="m2", created=at("11:00")))
    assert (kept.refused, kept.added, kept.replaced) == (1, 0, 0)
    (issue,) = kept.issues
    assert issue.code == IssueCode.PATIENT_CONFLICT
    assert issue.message == ("its number is held for another patient; it was not kept and the one held was not touched")
    assert held(store).value_text == "6.30"
    assert isinstance(store.find(PriorQuery(patient=other)), Nothing)


def test_a_correction_of_the_patient_moves_the_result_and_says_so(store):
    store.keep(deposit(prior(reported=at("10:00")), message="m1", created=at("10:00")))
    other = PatientIdentity(identifiers=(Identifier(system=CARD.system, value="999999198512240017"),))
    kept = store.keep(
        deposit(
            prior(patient=other, status=ResultStatus.CORRECTED, reported=at("11:00")),
            message="m2",
            created=at("11:00"),
        )
    )
    assert IssueCode.IDENTITY_DOUBTFUL in {i.code for i in kept.issues}
    assert isinstance(store.find(QUERY), Nothing)
    assert isinstance(store.find(PriorQuery(patient=other)), Found)


@pytest.mark.parametrize(("processing", "word"), [("T", "training"), ("D", "debugging")])
def test_training_and_debugging_messages_are_never_priors(store, processing, word):
    kept = store.keep(deposit(prior(), message="m1", processing=processing))
    assert (kept.refused, kept.added) == (1, 0)
    assert kept.issues[0].message == (f"a {word} message ({processing}) is not kept: its results are nobody's")
    assert isinstance(store.find(QUERY), Unavailable)  # the file was never made


class TestCannotBeAsked:
    def said(self, path: Path) -> str:
        answer = PriorStore(path, name="s", wait=0.05).find(QUERY)
        assert isinstance(answer, Unavailable), answer
        (issue,) = answer.issues
        assert (issue.code, issue.where) == (IssueCode.SOURCE_UNAVAILABLE, "s")
        return issue.message

    def test_missing(self, tmp_path):
        assert self.said(tmp_path / "none.db") == (
            "the store could not be asked: the store file 'none.db' does not exist"
        )
        assert not (tmp_path / "none.db").exists()

    def test_not_a_database(self, tmp_path):
        path = tmp_path / "x.db"
        path.write_bytes(b"MSH|^~\\&|" * 400)
        assert self.said(path) == "the store could not be asked: file is not a database"
        with pytest.raises(StoreError, match=r"the store 'x\.db' could not be written: file is not a database"):
            PriorStore(path).keep(deposit(prior(), message="m"))

    def test_another_programs_database(self, tmp_path):
        path = tmp_path / "x.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE t (a)")
        other.close()
        assert "'x.db' is not a prior store of this library" in self.said(path)
        with pytest.raises(StoreError, match="is not a prior store of this library"):
            PriorStore(path).keep(deposit(prior(), message="m"))

    def test_a_later_schema(self, tmp_path):
        path = tmp_path / "x.db"
        with PriorStore(path) as store:
            store.keep(deposit(prior(), message="m"))
        changed = sqlite3.connect(path)
        changed.execute("PRAGMA user_version = 7")
        changed.close()
        assert "has schema version 7, this library reads and writes 1" in self.said(path)

    def test_locked(self, tmp_path):
        path = tmp_path / "x.db"
        with PriorStore(path) as store:
            store.keep(deposit(prior(), message="m"))
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        try:
            assert self.said(path) == "the store could not be asked: database is locked"
            with pytest.raises(StoreError, match="could not be written: database is locked"):
                PriorStore(path, wait=0.05).keep(deposit(prior(), message="m2"))
        finally:
            holder.close()

    def test_damaged_pages(self, tmp_path):
        path = tmp_path / "x.db"
        with PriorStore(path) as store:
            store.keep(deposit(*(prior(id=f"p{n}") for n in range(300)), message="m"))
        body = bytearray(path.read_bytes())
        body[4096:] = b"\xff" * (len(body) - 4096)
        path.write_bytes(body)
        assert "malformed" in self.said(path)

    def test_a_folder(self, tmp_path):
        assert "does not exist" in self.said(tmp_path)


def test_a_record_that_cannot_be_read_is_named_and_the_rest_answered(store, tmp_path):
    store.keep(deposit(prior(id="p1"), prior(id="p2"), message="m"))
    store.close()
    changed = sqlite3.connect(tmp_path / "priors.db")
    changed.execute("UPDATE prior SET body = '{' WHERE id = 'p1'")
    changed.commit()
    changed.close()
    answer = store.find(QUERY)
    assert isinstance(answer, Partial)
    assert [p.id for p in answer.priors] == ["p2"]
    assert [i.message for i in answer.issues] == ["the record p1 could not be read"]


def test_the_limit_keeps_the_newest_and_says_so(tmp_path):
    with PriorStore(tmp_path / "x.db", limit=2) as store:
        store.keep(deposit(*(prior(id=f"p{n}", performed=at(f"0{n}:00")) for n in range(4)), message="m"))
        answer = store.find(QUERY)
    assert isinstance(answer, Partial)
    assert [p.id for p in answer.priors] == ["p2", "p3"]
    assert answer.issues[0].message == "more than 2 results are held; only the newest 2 were read"


def test_a_failed_deposit_keeps_nothing_of_the_message(store, monkeypatch):
    store.keep(deposit(prior(id="p0"), message="m0"))
    monkeypatch.setattr("fhir_hr.sources.store.settle", lambda *a, **k: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        store.keep(deposit(prior(id="p1"), prior(id="p2"), message="m1"))
    monkeypatch.undo()
    assert [p.id for p in store.find(QUERY).priors] == ["p0"]


def test_the_file_is_private_and_repr_shows_no_path(store, tmp_path):
    store.keep(deposit(prior(), message="m"))
    assert stat.S_IMODE((tmp_path / "priors.db").stat().st_mode) == 0o600
    assert repr(store) == "PriorStore(name='本院结果库')"


def test_threads_may_share_it(store):
    store.keep(deposit(prior(), message="m"))
    answers = []

    def work(number: int) -> None:
        store.keep(deposit(prior(id=f"t{number}"), message=f"m{number}"))
        answers.append(store.find(QUERY).state)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["found"] * 8
    assert len(store.find(QUERY).priors) == 9
