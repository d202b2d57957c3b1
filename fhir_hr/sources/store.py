"""The embedded prior store: one SQLite file, behind the same protocol as every other source.

It keeps every message's word on every result and answers with the one in force
(:mod:`fhir_hr.sources._versions`), so the order in which messages arrive does not matter.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

import msgspec

from fhir_hr.errors import StoreError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.identity import match_identity
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When
from fhir_hr.sources._base import Answer, Deposit, PriorQuery, Unavailable, lookup_keys
from fhir_hr.sources._schema import open_for_reading, open_for_writing
from fhir_hr.sources._select import answer_from, refuse_without_identifier
from fhir_hr.sources._versions import ReportMoment, Settled, Version, is_correction, is_withdrawal, settle

__all__ = ["Kept", "PriorStore"]

_NEVER_KEPT = {"T": "training", "D": "debugging"}
_encode = msgspec.json.Encoder(order="deterministic").encode
_prior_decoder = msgspec.json.Decoder(Prior)
_when_decoder = msgspec.json.Decoder(When)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a deposit.

    Attributes:
        added: results that were new.
        replaced: results whose answer changed: a correction, or a later message.
        withdrawn: results that are taken back now.
        unchanged: duplicates, and messages older than what is held (kept as history).
        refused: results not kept; ``issues`` says why.
    """

    added: int = 0
    replaced: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    refused: int = 0
    issues: tuple[Issue, ...] = ()


class PriorStore:
    """Priors in one SQLite file.

    Making the object touches nothing; the file is opened when it is used. Reading never creates a file, and a
    file that is missing, locked, damaged or of another version answers
    :class:`~fhir_hr.sources.Unavailable`, never "nothing". Safe to share between threads.

    Args:
        path: the file; its folder must exist.
        name: name of the source as it is shown.
        wait: seconds to wait for another process's lock.
        limit: most results read for one query; the newest are read first and the answer says so.
    """

    def __init__(self, path: Path | str, *, name: str = "store", wait: float = 2.0, limit: int = 10_000) -> None:
        self._path = Path(path)
        self._name = name
        self._wait = wait
        self._limit = limit
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._name

    def __repr__(self) -> str:
        return f"PriorStore(name={self._name!r})"

    def __enter__(self) -> PriorStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; using the store again opens it again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    # -- asking -------------------------------------------------------------------------------

    def find(self, query: PriorQuery) -> Answer:
        """Answer a query: what is proved to be the patient's, and what is in doubt as issues."""
        keys = lookup_keys(query.patient)
        if not keys:
            return refuse_without_identifier(self._name)
        try:
            with closing(open_for_reading(self._path, wait=self._wait)) as connection:
                rows = connection.execute(
                    "SELECT id, body FROM prior WHERE id IN "
                    f"(SELECT prior_id FROM identifier WHERE key IN ({', '.join('?' * len(keys))})) "
                    "ORDER BY performed IS NULL DESC, performed DESC, id LIMIT ?",
                    (*keys, self._limit + 1),
                ).fetchall()
        except (StoreError, sqlite3.Error, OSError) as error:
            return self._unavailable(error)
        return self._answer(rows, query)

    def _unavailable(self, error: Exception) -> Unavailable:
        message = f"the store could not be asked: {error}"
        issue = Issue(code=IssueCode.SOURCE_UNAVAILABLE, severity=Severity.ERROR, where=self._name, message=message)
        return Unavailable(source=self._name, issues=(issue,))

    def _answer(self, rows: Sequence[tuple[str, bytes]], query: PriorQuery) -> Answer:
        issues: list[Issue] = []
        priors: list[Prior] = []
        for prior_id, body in rows[: self._limit]:
            try:
                priors.append(_prior_decoder.decode(body))
            except (msgspec.DecodeError, TypeError):
                issues.append(_issue(IssueCode.SOURCE_PARTIAL, self._name, f"the record {prior_id} could not be read"))
        if len(rows) > self._limit:
            text = f"more than {self._limit} results are held; only the newest {self._limit} were read"
            issues.append(_issue(IssueCode.LIMIT_REACHED, self._name, text))
        return answer_from(priors, query=query, source=self._name, issues=tuple(issues))

    # -- keeping ------------------------------------------------------------------------------

    def keep(self, deposit: Deposit) -> Kept:
        """Keep what one message brings, as one transaction.

        The same message twice changes nothing. Corrections supersede, withdrawals mark, an older message
        never overwrites a newer one, and training or debugging messages are refused.

        Raises:
            StoreError: the file cannot be opened or written; nothing of the message was kept.
        """
        if deposit.processing in _NEVER_KEPT:
            kind = _NEVER_KEPT[deposit.processing]
            text = f"a {kind} message ({deposit.processing}) is not kept: its results are nobody's"
            issue = _issue(IssueCode.PROCESSING_REFUSED, "MSH[1]-11", text)
            return Kept(refused=len(deposit.priors), issues=(issue,))
        with self._lock:
            try:
                if self._writer is None:
                    self._writer = open_for_writing(self._path, wait=self._wait)
                return _Keeping(self._writer, deposit).run()
            except (sqlite3.Error, OSError) as error:
                msg = f"the store {self._path.name!r} could not be written: {error}"
                raise StoreError(msg) from error


class _Keeping:
    """One deposit on its way into the tables."""

    def __init__(self, connection: sqlite3.Connection, deposit: Deposit) -> None:
        self._sql = connection
        self._deposit = deposit
        self._issues: list[Issue] = []
        self._moments: dict[str | None, list[ReportMoment]] = {}
        self._counts = dict.fromkeys(("added", "replaced", "withdrawn", "unchanged", "refused"), 0)

    def run(self) -> Kept:
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            for report in self._deposit.reports:
                self._sql.execute(
                    "INSERT OR REPLACE INTO report_version VALUES (?, ?, ?, ?, ?)",
                    (
                        report.report_id,
                        self._deposit.message,
                        _blob(self._deposit.created),
                        _blob(report.issued),
                        report.status,
                    ),
                )
            for prior in self._deposit.priors:
                self._take(prior)
            self._reach_unlisted()
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")
        return Kept(issues=tuple(self._issues), **self._counts)

    def _take(self, prior: Prior) -> None:
        held = self._held(prior.id)
        if held is not None and not self._same_owner(held, prior):
            self._counts["refused"] += 1
            return
        version = Version(message=self._deposit.message, created=self._deposit.created, prior=prior)
        self._sql.execute(
            "INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)",
            (prior.id, version.message, _blob(version.created), _encode(prior)),
        )
        if held is None:
            settled = settle([version], reports=self._report_moments(prior.report_id))
            self._write(settled)
            self._first_word(version, settled)
            return
        settled = self._settle(prior.id, prior.report_id)
        if settled.prior == held:
            self._counts["unchanged"] += 1
            if settled.version.message != version.message and not is_withdrawal(held.status):
                text = "an older message arrived after a newer one; it was kept as history only"
                self._say(IssueCode.OLDER_MESSAGE, prior, text, Severity.INFORMATION)
        else:
            self._write(settled)
            self._change(settled)

    def _first_word(self, version: Version, settled: Settled) -> None:
        if is_withdrawal(version.status):
            self._counts["withdrawn"] += 1
            text = "a result was withdrawn that was never received; it was kept as withdrawn"
            self._say(IssueCode.CORRECTION_WITHOUT_ORIGINAL, settled.prior, text)
            return
        self._counts["added"] += 1
        if is_correction(version.prior.status):
            text = "a correction arrived and its original was never received; it was kept as it stands"
            self._say(IssueCode.CORRECTION_WITHOUT_ORIGINAL, settled.prior, text, Severity.INFORMATION)

    def _change(self, settled: Settled) -> None:
        if settled.prior.superseded:
            self._counts["withdrawn"] += 1
            text = "a result that was held is withdrawn now; it stays visible as withdrawn"
            self._say(IssueCode.RESULT_WITHDRAWN, settled.prior, text)
            return
        self._counts["replaced"] += 1
        if settled.prior.superseded is None:
            text = "messages contradict each other and nothing says which is later; the result is in doubt"
            self._say(IssueCode.DUPLICATE_RESULT, settled.prior, text)
        elif is_correction(settled.version.status):
            text = "a correction replaced the result that was held"
            self._say(IssueCode.CORRECTION, settled.prior, text, Severity.INFORMATION)

    def _reach_unlisted(self) -> None:
        """A corrected or withdrawn report also says something about results that it does not list."""
        listed = {prior.id for prior in self._deposit.priors}
        for report in self._deposit.reports:
            rows = self._sql.execute("SELECT id, body FROM prior WHERE report_id = ?", (report.report_id,)).fetchall()
            for prior_id, body in rows:
                if prior_id in listed:
                    continue
                held = _prior_decoder.decode(body)
                settled = self._settle(prior_id, report.report_id)
                if settled.prior == held:
                    continue
                self._write(settled)
                if settled.prior.superseded:
                    self._counts["withdrawn"] += 1
                    text = "the whole report was withdrawn; this result stays visible as withdrawn"
                    self._say(IssueCode.RESULT_WITHDRAWN, settled.prior, text)
                else:
                    text = "the corrected report no longer lists this result; it is in doubt"
                    self._say(IssueCode.CORRECTION, settled.prior, text)

    def _same_owner(self, held: Prior, prior: Prior) -> bool:
        match = match_identity(held.patient, prior.patient)
        if match.same is None and match.differ:
            text = f"two messages about one result differ in the patient's {', '.join(match.differ)}"
            self._say(IssueCode.IDENTITY_DOUBTFUL, prior, text)
        if match.same is not False:
            return True
        if is_correction(prior.status) or is_withdrawal(prior.status):
            text = "a correction or withdrawal names another patient than the message that it changes"
            self._say(IssueCode.IDENTITY_DOUBTFUL, prior, text)
            return True
        text = "its number is held for another patient; it was not kept and the one held was not touched"
        self._say(IssueCode.PATIENT_CONFLICT, prior, text, Severity.ERROR)
        return False

    def _held(self, prior_id: str) -> Prior | None:
        row = self._sql.execute("SELECT body FROM prior WHERE id = ?", (prior_id,)).fetchone()
        return None if row is None else _prior_decoder.decode(row[0])

    def _settle(self, prior_id: str, report_id: str | None) -> Settled:
        versions = [
            Version(message=message, created=_when(created), prior=_prior_decoder.decode(body))
            for message, created, body in self._sql.execute(
                "SELECT message, created, body FROM version WHERE prior_id = ?", (prior_id,)
            )
        ]
        return settle(versions, reports=self._report_moments(report_id))

    def _report_moments(self, report_id: str | None) -> list[ReportMoment]:
        moments = self._moments.get(report_id)
        if moments is None:
            moments = self._moments[report_id] = [
                ReportMoment(message=message, created=_when(created), issued=_when(issued), status=status)
                for message, created, issued, status in self._sql.execute(
                    "SELECT message, created, issued, status FROM report_version WHERE report_id = ?",
                    (report_id,),
                )
            ]
        return moments

    def _write(self, settled: Settled) -> None:
        prior = settled.prior
        performed = prior.performed.earliest.isoformat() if prior.performed is not None else None
        self._sql.execute(
            "INSERT OR REPLACE INTO prior VALUES (?, ?, ?, ?)",
            (prior.id, prior.report_id, performed, _encode(prior)),
        )
        self._sql.execute("DELETE FROM identifier WHERE prior_id = ?", (prior.id,))
        self._sql.executemany(
            "INSERT INTO identifier VALUES (?, ?)", [(key, prior.id) for key in lookup_keys(prior.patient)]
        )

    def _say(self, code: IssueCode, prior: Prior, text: str, severity: Severity = Severity.WARNING) -> None:
        self._issues.append(_issue(code, f"prior {prior.id}", text, severity))


def _issue(code: IssueCode, where: str, message: str, severity: Severity = Severity.WARNING) -> Issue:
    return Issue(code=code, severity=severity, where=where, message=message)


def _blob(when: When | None) -> bytes | None:
    return None if when is None else _encode(when)


def _when(blob: bytes | None) -> When | None:
    return None if blob is None else _when_decoder.decode(blob)
