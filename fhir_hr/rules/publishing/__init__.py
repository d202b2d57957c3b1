"""Making a pack something that an authority can publish and a hospital can trust. Pure: bytes in, bytes out.

.. code-block:: text

    author's folder ─ build_pack ─▶ <pack>.json + manifest.json ─ sign_manifest ─▶ signatures.json
    all packs, lanes ─ build_site ─▶ files by path, with index.json ─ sign_manifest ─▶ index.signatures.json
    those bytes + trust.toml ─ verify_pack │ verify_index │ verify_lane ─▶ what they say, or a coded refusal

What is signed is the file's bytes as they lie on disk: ``manifest.json``, ``index.json`` or a lane; its signatures
stand beside. Everything refused is a :class:`~fhir_hr.errors.PackRefusedError` with a :class:`Fault`.
"""

from fhir_hr.rules.publishing.build import (
    Advice,
    AdviceCode,
    BuiltPack,
    build_advice,
    build_lane,
    build_pack,
    build_site,
    lane_rows,
)
from fhir_hr.rules.publishing.faults import Fault
from fhir_hr.rules.publishing.formats import (
    INDEX,
    INDEX_SIGNATURES,
    MANIFEST,
    SIGNATURES,
    Index,
    Lane,
    LaneKind,
    Manifest,
    Supersedes,
    signatures_beside,
)
from fhir_hr.rules.publishing.keys import Alg, PublicKey, SigningKey, load_public_key, load_signing_key, new_key
from fhir_hr.rules.publishing.signatures import attach_signature, sign_manifest
from fhir_hr.rules.publishing.trust import Signs, Trust, TrustedKey, load_trust
from fhir_hr.rules.publishing.verify import Held, VerifiedPack, verify_index, verify_lane, verify_pack

__all__ = [
    "INDEX",
    "INDEX_SIGNATURES",
    "MANIFEST",
    "SIGNATURES",
    "Advice",
    "AdviceCode",
    "Alg",
    "BuiltPack",
    "Fault",
    "Held",
    "Index",
    "Lane",
    "LaneKind",
    "Manifest",
    "PublicKey",
    "SigningKey",
    "Signs",
    "Supersedes",
    "Trust",
    "TrustedKey",
    "VerifiedPack",
    "attach_signature",
    "build_advice",
    "build_lane",
    "build_pack",
    "build_site",
    "lane_rows",
    "load_public_key",
    "load_signing_key",
    "load_trust",
    "new_key",
    "sign_manifest",
    "signatures_beside",
    "verify_index",
    "verify_lane",
    "verify_pack",
]
