"""Making a pack something that an authority can publish and a hospital can trust. Pure: bytes in, bytes out.

.. code-block:: text

    author's folder ─ build_pack ─▶ <pack>.json + manifest.json ─ sign_manifest ─▶ signatures.json
    all packs, lanes ─ build_site ─▶ files by path, with index.json ─ sign_manifest ─▶ index.signatures.json
    those bytes + trust.toml ─ verify_pack │ verify_index │ verify_lane ─▶ what they say, or a coded refusal

What is signed is the file's bytes as they lie on disk: ``manifest.json``, ``index.json`` or a lane. The public names,
each documented where it is defined:

- build: ``build_pack(files, *, serial, not_before=None, supersedes=None, extra=None) -> BuiltPack`` (``.manifest``,
  ``.content``, ``.files``: bytes by name), ``build_advice(manifest, *, published) -> tuple[Advice, ...]``,
  ``build_lane(pack, kind, rows, *, jurisdiction, serial, issued) -> bytes``,
  ``build_site(packs, lanes, *, publisher, jurisdiction, serial, issued, expires) -> dict[str, bytes]``
- keys: ``new_key(alg, *, entropy) -> SigningKey``, ``load_signing_key(pem, *, password=None) -> SigningKey``,
  ``load_public_key(pem) -> PublicKey``; ``SigningKey.private_pem(password=None)``, ``.public``;
  ``PublicKey.kid``, ``.alg``, ``.pem()``
- signatures: ``sign_manifest(data, keys, *, signatures=None) -> bytes``,
  ``attach_signature(data, public, value, *, signatures=None) -> bytes`` (made by a token or another program)
- trust: ``load_trust(data, *, file="trust.toml") -> Trust``
- check: ``verify_pack(files, *, trust, at, held=None) -> VerifiedPack`` (``.manifest``, ``.content_bytes``, ``.keys``),
  ``verify_index(data, signatures, *, trust, at, held=None) -> Index``,
  ``verify_lane(data, signatures, *, trust, at, held=None) -> Lane``

Everything refused is a :class:`~fhir_hr.errors.PackRefusedError` with a :class:`~fhir_hr.rules.publishing.faults.Fault`.
"""
