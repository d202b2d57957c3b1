"""The pack as a Library: period, sources clause by clause, and the compiled pack as content."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.outputs.packs.naming import head, jurisdiction, period
from fhir_hr.render.encode import Json
from fhir_hr.rules.pack import canonical_json, digest_of
from fhir_hr.rules.plain_parts import gap_words
from fhir_hr.rules.schema import PackContent

__all__ = ["library"]

_TYPE = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/library-type",
            "code": "asset-collection",
            "display": "Asset Collection",
        }
    ]
}


def library(content: PackContent, *, depends_on: Sequence[str]) -> Json:
    """Return the Library of a pack; the same elements in R4 and R5.

    Args:
        content: the compiled pack.
        depends_on: canonical addresses of what stands beside it in the package.
    """
    resource = head("Library", f"pack-{content.pack}", content, title=content.title)
    resource["identifier"] = [
        {"system": f"{CANONICAL}/pack", "value": content.pack},
        # An Attachment's hash is SHA-1 by definition; the digest that signatures rest on is SHA-256.
        {"system": f"{CANONICAL}/pack-digest", "value": f"sha256:{digest_of(content)}"},
    ]
    resource["type"] = _TYPE
    resource["description"] = _description(content)
    resource["jurisdiction"] = jurisdiction(content)
    effective = period(content.effective.start, content.effective.end)
    if effective is not None:
        resource["effectivePeriod"] = effective
    related = [*_documents(content), *({"type": "depends-on", "resource": url} for url in depends_on)]
    if related:
        resource["relatedArtifact"] = related
    resource["content"] = [
        {
            "contentType": "application/json",
            "language": "zh-CN",
            "data": base64.b64encode(canonical_json(content)).decode("ascii"),
            "title": f"{content.pack}.json",
        }
    ]
    return resource


def _description(content: PackContent) -> str:
    lines = [
        f"{content.title}（{content.pack} {content.version}，规则词汇 {content.vocabulary}）。",
        f"施行依据：{content.effective.basis}",
    ]
    lines += [f"缺：{gap_words(gap)[0]}" for gap in content.gaps]
    return "\n\n".join(lines)


def _documents(content: PackContent) -> Iterator[Json]:
    for document in content.documents:
        for clause in document.clauses:
            related: Json = {
                "type": "citation",
                "label": clause.clause,
                "display": document.title,
                "citation": clause.text,
            }
            if document.source and document.source.startswith(("http://", "https://")):
                related["document"] = {"url": document.source}
            yield related
