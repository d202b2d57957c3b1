"""Where signed packs come from, and the folder that keeps the last good ones."""

from fhir_hr.sources.packs._transport import PackTransport
from fhir_hr.sources.packs.directory import DirectoryTransport
from fhir_hr.sources.packs.http import HttpTransport
from fhir_hr.sources.packs.report import Event, RefreshReport, State, Subject
from fhir_hr.sources.packs.store import PackStore

__all__ = [
    "DirectoryTransport",
    "Event",
    "HttpTransport",
    "PackStore",
    "PackTransport",
    "RefreshReport",
    "State",
    "Subject",
]
