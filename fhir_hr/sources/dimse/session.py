"""The queries of one call: one association where it lasts, a new one where it broke, one deadline over all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.sources.dimse.find import Rows, find, find_context
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.dimse.wire import Link

__all__ = ["Session"]


class Session:
    """Asks an archive, as a context manager.

    Args:
        peer: the archive.
        deadline: of the call; a new one of the peer's ``total`` without.
    """

    def __init__(self, peer: Peer, deadline: Deadline | None = None) -> None:
        self.peer = peer
        self.deadline = deadline or Deadline(peer.bounds.total)
        self._link: Link | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def find(
        self,
        level: str,
        asked: Sequence[str],
        values: Mapping[str, str],
        *,
        enough: Callable[[Header], bool] | None = None,
    ) -> Rows:
        """Ask once; see :func:`.find.find`.

        Raises:
            PeerLostError: there is no association. One that is lost on the way is a failure in the answer.
        """
        if self._link is None:
            self._link = Link(
                self.peer, [find_context()], self.deadline, message_bytes=self.peer.bounds.row_bytes
            ).__enter__()
        rows = find(self._link, self.peer, level, asked, values, enough=enough)
        if rows.status is None:
            self._close()
        return rows if level == "STUDY" else _of_this(rows, values)

    def find_list(self, level: str, asked: Sequence[str], values: Mapping[str, str], keyword: str) -> Rows:
        """Ask with a list of UIDs, and one by one for those that the list did not bring.

        pynetdicom's server fails on a list (0xC320); others answer only its first value.
        """
        wanted = values[keyword].split("\\")
        rows = self.find(level, asked, values)
        if len(wanted) == 1 or rows.status is None:
            return rows
        seen = {header.study_instance_uid for header in rows.headers}
        all_rows = [rows]
        for uid in (each for each in wanted if each not in seen):
            all_rows.append(self.find(level, asked, {**values, keyword: uid}))
            if all_rows[-1].status is None:
                break
        return Rows(
            headers=tuple(header for each in all_rows for header in each.headers),
            failure=next((each.failure for each in all_rows[1:] if each.failure), ""),
            status=rows.status,
            stopped=any(each.stopped for each in all_rows),
            optional_ignored=any(each.optional_ignored for each in all_rows),
            issues=tuple(dict.fromkeys(issue for each in all_rows for issue in each.issues)),
        )

    def _close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _of_this(rows: Rows, values: Mapping[str, str]) -> Rows:
    """Leave out rows that state another study or series than the one asked for; what is not stated is of it."""
    study, series = values.get("StudyInstanceUID"), values.get("SeriesInstanceUID")
    kept = tuple(
        each
        for each in rows.headers
        if (study is None or each.study_instance_uid in (None, "", study))
        and (series is None or each.series_instance_uid in (None, "", series))
    )
    strays = len(rows.headers) - len(kept)
    if not strays:
        return rows
    issue = Issue(
        code=IssueCode.ANSWER_NOT_ASKED_FOR,
        severity=Severity.WARNING,
        where="",
        message=f"{strays} row(s) of another study or series than the one asked for; they were left out",
    )
    return msgspec.structs.replace(rows, headers=kept, issues=(*rows.issues, issue))
