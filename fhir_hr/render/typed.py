"""The Bundle as ``fhir.resources`` objects: the typed public view, not the hot path.

``fhir.resources`` has no R4 since 7.0; its R4B classes have the same elements for every type that is written
here, so they serve R4. They turn decimals into floats when they write: keep :attr:`Rendered.body` for the wire.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fhir_hr.render.release import Release

if TYPE_CHECKING:
    from fhir.resources.core.fhirabstractmodel import FHIRAbstractModel

__all__ = ["typed"]

_MODULES = {Release.R4: "fhir.resources.R4B.bundle", Release.R5: "fhir.resources.bundle"}


def typed(body: bytes, *, release: Release = Release.R4) -> FHIRAbstractModel:
    """Return the ``Bundle`` object of ``fhir.resources`` (imported on first use).

    Raises:
        pydantic.ValidationError: the Bundle is not valid for that library.
    """
    bundle: type[FHIRAbstractModel] = import_module(_MODULES[Release(release)]).Bundle
    return bundle.model_validate_json(body)
