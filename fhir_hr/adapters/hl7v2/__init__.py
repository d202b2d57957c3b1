"""HL7 v2 laboratory and imaging-report messages to the neutral model.

``ORU^R01`` and ``OUL^R21``–``R24``, versions 2.2–2.8, batches and MLLP bytes; what is read, tolerated and left
out stands in the conformance page.
"""

from fhir_hr.adapters.hl7v2.limits import Limits
from fhir_hr.adapters.hl7v2.reader import Read, Reader, read

__all__ = ["Limits", "Read", "Reader", "read"]
