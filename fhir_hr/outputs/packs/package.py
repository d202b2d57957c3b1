"""The resources of a pack as a FHIR package: a tgz that depends on the pack alone, byte for byte."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fhir_hr.errors import InvariantError
from fhir_hr.issues import Severity
from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.outputs.packs.institutions import institutions
from fhir_hr.outputs.packs.library import library
from fhir_hr.outputs.packs.terminology import terminology
from fhir_hr.render.check import check_bytes
from fhir_hr.render.definitions import definitions
from fhir_hr.render.encode import Json, encode
from fhir_hr.render.release import Release
from fhir_hr.rules.schema import PackContent

__all__ = ["ExportedPack", "export_pack"]

_VERSIONS = {Release.R4: "4.0.1", Release.R5: "5.0.0"}
_INDEXED = ("id", "url", "version", "content")


class ExportedPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack as a package.

    Attributes:
        name: file name, ``cn.fhir-hr.cn-51-lab.r4-2022.1.0.tgz``.
        resources: the resources in it.
        data: bytes of the tgz.
    """

    name: str
    resources: tuple[Json, ...]
    data: bytes


def export_pack(content: PackContent, *, release: Release) -> ExportedPack:
    """Write a pack as a FHIR package.

    Raises:
        InvariantError: a resource that the library can check is not valid; nothing is returned then.
    """
    terms = terminology(content)
    needed = [resource["url"] for resource in terms]
    resources = (library(content, depends_on=needed), *terms, *institutions(content, release=release))
    _check(resources, release)
    package = f"cn.fhir-hr.{content.pack}.{release.value.lower()}"
    files = {
        "package/package.json": _written(_manifest(content, package, release)),
        "package/.index.json": _written(_index(resources)),
    }
    files.update({f"package/{_file_name(resource)}": _written(resource) for resource in resources})
    return ExportedPack(name=f"{package}-{content.version}.tgz", resources=resources, data=_tgz(files))


def _check(resources: Sequence[Json], release: Release) -> None:
    known = definitions(release).types
    for resource in resources:
        if resource["resourceType"] in known:
            errors = [one for one in check_bytes(encode(resource), release=release) if one.severity is Severity.ERROR]
            if errors:
                raise InvariantError(f"{_file_name(resource)}: {errors[0]}")


def _file_name(resource: Json) -> str:
    return f"{resource['resourceType']}-{resource['id']}.json"


def _written(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _manifest(content: PackContent, package: str, release: Release) -> Json:
    version = _VERSIONS[release]
    return {
        "name": package,
        "version": content.version,
        "tools-version": 3,
        "type": "Conformance",
        "canonical": CANONICAL,
        "url": CANONICAL,
        "title": content.title,
        "description": f"{content.title}（{content.pack}）",
        "fhirVersions": [version],
        "dependencies": {f"hl7.fhir.{release.value.lower()}.core": version},
        "author": content.authority or "fhir_hr",
        "jurisdiction": "urn:iso:std:iso:3166#CN",
    }


def _index(resources: Sequence[Json]) -> Json:
    rows = []
    for resource in resources:
        row = {"filename": _file_name(resource), "resourceType": resource["resourceType"]}
        row.update({key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)})
        rows.append(row)
    return {"index-version": 2, "files": rows}


def _tgz(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        # The manifest first: readers that stream find it without reading on.
        for path in sorted(files, key=lambda name: (name != "package/package.json", name)):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(buffer.getvalue(), compresslevel=9, mtime=0)
