"""Stamps metadata on generated resources and packs them as a FHIR npm package."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

Resource = dict[str, Any]

CONFORMANCE = ("StructureDefinition", "CodeSystem", "ValueSet", "SearchParameter", "ImplementationGuide")
_STAMPED = ("version", "status", "experimental", "date", "publisher", "jurisdiction")
_JURISDICTION = [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "CN", "display": "China"}]}]
# Elements that come before the stamped ones in FHIR's order.
_BEFORE = ("resourceType", "id", "meta", "language", "text", "contained", "extension", "url", "identifier")
_NAMES = ("version", "name", "title", "status", "experimental", "date", "publisher", "contact", "description")
_NAMES += ("useContext", "jurisdiction")


def file_name(resource: Resource) -> str:
    """Return ``Type-id.json``."""
    return f"{resource['resourceType']}-{resource['id']}.json"


def to_bytes(resource: Resource) -> bytes:
    """Return the one JSON form in which resources are committed and packed."""
    return (json.dumps(resource, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def stamp(resource: Resource, config: dict[str, Any]) -> Resource:
    """Return a conformance resource with version, status, date, publisher and jurisdiction of `config`.

    SUSHI leaves these to the IG Publisher; examples are returned as they are.
    """
    kind = resource["resourceType"]
    if kind not in CONFORMANCE:
        return resource
    values = {name: config[name] for name in _STAMPED if name != "jurisdiction"}
    values["jurisdiction"] = _JURISDICTION
    merged = {**_without_empty(resource), **values}
    ordered = {name: merged.pop(name) for name in (*_BEFORE, *_NAMES) if name in merged}
    return {**ordered, **merged}


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    # SUSHI writes empty arrays into the ImplementationGuide; FHIR's JSON forbids them.
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item != []}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def package_files(resources: list[Resource], *, release: dict[str, Any], config: dict[str, Any]) -> dict[str, bytes]:
    """Return every file of the package by its path, manifest and both indexes included."""
    own = sorted((r for r in resources if r["resourceType"] in CONFORMANCE), key=file_name)
    examples = sorted((r for r in resources if r["resourceType"] not in CONFORMANCE), key=file_name)
    files = {
        "package/package.json": to_bytes(_manifest(release, config)),
        "package/.index.json": to_bytes(_index(own)),
        "package/example/.index.json": to_bytes(_index(examples)),
    }
    files.update({f"package/{file_name(r)}": to_bytes(r) for r in own})
    files.update({f"package/example/{file_name(r)}": to_bytes(r) for r in examples})
    return files


def tar_bytes(files: dict[str, bytes]) -> bytes:
    """Return a tar archive that depends on names and contents only: no owner, no time, sorted."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        # The manifest first: readers that stream find it without reading on.
        for path in sorted(files, key=lambda name: (name != "package/package.json", name)):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return buffer.getvalue()


def tgz_bytes(files: dict[str, bytes]) -> bytes:
    """Return `tar_bytes` gzipped without a time stamp."""
    return gzip.compress(tar_bytes(files), compresslevel=9, mtime=0)


def _manifest(release: dict[str, Any], config: dict[str, Any]) -> Resource:
    return {
        "name": release["package"],
        "version": config["version"],
        "tools-version": 3,
        "type": "IG",
        "date": config["date"].replace("-", "") + "000000",
        "license": config["license"],
        "canonical": config["canonical"],
        "url": config["canonical"],
        "title": release["title"],
        "description": config["description"],
        "fhirVersions": [release["fhirVersion"]],
        "dependencies": release["dependencies"],
        "author": config["publisher"],
        "jurisdiction": "urn:iso:std:iso:3166#CN",
    }


def _index(resources: list[Resource]) -> Resource:
    keys = ("id", "url", "version", "kind", "type", "derivation", "content")
    rows = []
    for resource in resources:
        row = {"filename": file_name(resource), "resourceType": resource["resourceType"]}
        # `type` and friends index only where they are plain codes (a Specimen's type is not).
        row.update({key: resource[key] for key in keys if isinstance(resource.get(key), str)})
        rows.append(row)
    return {"index-version": 2, "files": rows}
