"""Archives asked by DIMSE: C-FIND, C-GET, C-MOVE and storage commitment, over pynetdicom."""

from fhir_hr.sources.dimse.archive import DimseArchive
from fhir_hr.sources.dimse.committing import Commitment, commit
from fhir_hr.sources.dimse.received import FolderSink, Received, ReceivedObject
from fhir_hr.sources.dimse.retrieve import get_series, get_study, move_study
from fhir_hr.sources.dimse.settings import Bounds, Peer, Tls

__all__ = [
    "Bounds",
    "Commitment",
    "DimseArchive",
    "FolderSink",
    "Peer",
    "Received",
    "ReceivedObject",
    "Tls",
    "commit",
    "get_series",
    "get_study",
    "move_study",
]
