"""Archives asked by DIMSE: C-FIND, C-GET, C-MOVE and storage commitment, over pynetdicom."""

from fhir_hr.sources.dimse.archive import DimseArchive
from fhir_hr.sources.dimse.settings import Bounds, Peer, Tls

__all__ = ["Bounds", "DimseArchive", "Peer", "Tls"]
