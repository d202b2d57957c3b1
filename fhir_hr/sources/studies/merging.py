"""One study known twice, by its report and by its images, or from two archives, is one prior."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.model.identity import match_identity
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.priors import Prior

__all__ = ["merge_studies"]

_FILLED = ("performed", "reported", "device_model", "report_number", "report_id", "encounter", "exam", "item")
_REACHABLE = ("has_report", "has_images", "series_complete")


def merge_studies(priors: Iterable[Prior]) -> tuple[Prior, ...]:
    """Merge priors of one imaging study; all others, and those not proved to be of one patient, stay as they are.

    What the report says comes first; what it does not say is filled from the images. A report or image that can be
    had from one of them can be had. Two different recognised items are none: the item becomes unknown.

    Example:
        >>> merge_studies([])
        ()
    """
    merged: list[Prior] = []
    places: dict[str, list[int]] = {}
    disputed: set[int] = set()
    for prior in priors:
        if prior.kind is not ReportKind.IMAGING or not prior.study_uid:
            merged.append(prior)
            continue
        known = places.setdefault(prior.study_uid, [])
        for place in known:
            if match_identity(merged[place].patient, prior.patient).same is True:
                if merged[place].item and prior.item and merged[place].item != prior.item:
                    disputed.add(place)
                merged[place] = _merge(merged[place], prior)
                break
        else:
            known.append(len(merged))
            merged.append(prior)
    # Two tables read one study differently: nobody knows which item it is, whatever a third one says.
    return tuple(
        msgspec.structs.replace(each, item=None) if place in disputed else each for place, each in enumerate(merged)
    )


def _merge(one: Prior, other: Prior) -> Prior:
    first, second = (other, one) if other.has_report and not one.has_report else (one, other)
    changes: dict[str, object] = {
        name: getattr(second, name) for name in _FILLED if getattr(first, name) is None and getattr(second, name)
    }
    for name in _REACHABLE:
        changes[name] = _either(getattr(first, name), getattr(second, name))
    if first.report_mark is None and second.report_mark is not None:
        changes["report_mark"] = second.report_mark
    if first.item_mark is None and second.item_mark is not None:
        changes["item_mark"] = second.item_mark
    changes["report_mark_known"] = first.report_mark_known or second.report_mark_known
    changes["item_mark_known"] = first.item_mark_known or second.item_mark_known
    if second.superseded is True or (second.superseded is None and first.id == second.id):
        # Of two records of one thing, the one in doubt; an archive that knows nothing of corrections casts none.
        changes["superseded"] = first.superseded if first.superseded is True else second.superseded
    changes["evidence"] = tuple(dict.fromkeys((*first.evidence, *second.evidence)))
    return msgspec.structs.replace(first, **changes)


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one is True or other is True:
        return True
    return False if one is False and other is False else None
