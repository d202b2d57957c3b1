"""Loading a compiled pack and putting a lane into it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.rules.pack import Pack, bind_pack, canonical_json
from fhir_hr.rules.publishing.formats import Lane
from fhir_hr.rules.schema import PackContent

__all__ = ["load_content", "with_lane"]


def load_content(data: bytes, *, fresh_until: datetime | None = None) -> Pack:
    """Load canonical JSON of a pack.

    Raises:
        PackError: it cannot be read, or is not canonical.
    """
    try:
        content = msgspec.json.decode(data, type=PackContent)
    except msgspec.MsgspecError as error:
        raise PackError(str(error), file="pack.json") from error
    if canonical_json(content) != data:
        raise PackError("is not canonical JSON", file="pack.json")
    return bind_pack(content)


def with_lane(pack: Pack, lane: Lane) -> Pack:
    """Return the pack with one table replaced by a lane's rows."""
    return bind_pack(msgspec.structs.replace(pack.content, **{lane.kind.value: lane.rows}))
