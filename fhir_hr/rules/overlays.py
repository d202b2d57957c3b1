"""A hospital's overlay: its own codes and refusal reasons, and where it leaves a must to its physicians.

An overlay may only weaken: must becomes may, for one of the cases that the pack itself has, for orders of that
hospital. It never obliges, never blocks, and never changes what another hospital is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.lint import check_content
from fhir_hr.rules.load import convert_part, line_of
from fhir_hr.rules.pack import Pack, bind_pack
from fhir_hr.rules.places import Places
from fhir_hr.rules.schema import Certainty, OverlayRef, PackContent, RefusalReason, WeakenRow
from fhir_hr.rules.strict_yaml import read_yaml
from fhir_hr.rules.tables import TableRow, read_rows

__all__ = ["Overlay", "OverlayReason", "apply_overlay", "load_overlay"]

_FILES = ("overlay.yaml", "codes.csv", "refusal-reasons.csv")


class _Weaken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    reason: str
    item: str | None = None
    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    overlay: str
    version: str
    institution: str
    packs: tuple[str, ...]
    weaken: tuple[_Weaken, ...] = ()


class OverlayReason(msgspec.Struct, frozen=True, kw_only=True):
    """A hospital's own reason for refusing; it rests on a case of the pack, whose clause it cites."""

    code: str
    zh: str
    en: str
    case: str
    counts_as_refusal: bool
    needs: tuple[str, ...] = ()
    maps_to: str | None = None


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """One hospital's overlay at a version.

    Attributes:
        overlay: its id; ``institution``: the receiving hospital that it holds for.
        packs: ids of the packs that it lies over.
        weaken: what it leaves to physicians.
        codes: recognised item by local code; a ``None`` system is the hospital's own code without one.
        reasons: its own refusal reasons.
    """

    overlay: str
    version: str
    institution: str
    packs: tuple[str, ...]
    weaken: tuple[WeakenRow, ...] = ()
    codes: Mapping[tuple[str | None, str], Code] = {}
    reasons: tuple[OverlayReason, ...] = ()

    def map_order(self, order: Order) -> Order:
        """Give the order's items that are not mapped yet their recognised item, by the hospital's own codes."""
        if not self.codes or order.institution.id != self.institution:
            return order
        return msgspec.structs.replace(order, items=tuple(self._item(item) for item in order.items))

    def map_prior(self, prior: Prior) -> Prior:
        """Give a prior that is not mapped yet its recognised item, by a code whose system is named."""
        if prior.item is not None:
            return prior
        found = self._find(prior.code, own=False)
        return prior if found is None else msgspec.structs.replace(prior, item=found)

    def _item(self, item: OrderItem) -> OrderItem:
        found = self._find(item.code, own=True) if item.item is None else None
        return item if found is None else msgspec.structs.replace(item, item=found)

    def _find(self, concept: Concept, *, own: bool) -> Code | None:
        for coding in concept.codings:
            # A code without system is anybody's: only the hospital's own order may use one.
            if (coding.system or own) and (found := self.codes.get((coding.system or None, coding.code))) is not None:
                return found
        return None


def load_overlay(source: Path | Mapping[str, bytes]) -> Overlay:
    """Load an overlay from a folder, or from its files' bytes by name: ``overlay.yaml``, tables where it has them.

    Raises:
        PackError: a file is missing, broken or none of an overlay's; with file and line.
    """
    files = source if isinstance(source, Mapping) else _read(source)
    for name in files:
        if name not in _FILES:
            raise PackError("is no file of an overlay", file=name)
    if "overlay.yaml" not in files:
        raise PackError("is missing", file="overlay.yaml")
    raw, lines = read_yaml(files["overlay.yaml"], file="overlay.yaml")
    head = convert_part(raw, _Head, lines, file="overlay.yaml")
    for name in ("overlay", "version", "institution"):
        if not getattr(head, name).strip():
            raise PackError(f"{name}: empty", file="overlay.yaml", line=line_of(f"$.{name}", lines))
    if not head.packs:
        raise PackError("names no pack", file="overlay.yaml", line=line_of("$.packs", lines))
    for n, row in enumerate(head.weaken):
        if not row.reason.strip():
            raise PackError("reason: empty", file="overlay.yaml", line=line_of(f"$.weaken[{n}].reason", lines))
    return Overlay(
        overlay=head.overlay,
        version=head.version,
        institution=head.institution,
        packs=head.packs,
        weaken=tuple(
            WeakenRow(case=row.case, reason=row.reason, item=row.item, start=row.start, end=row.end)
            for row in head.weaken
        ),
        codes=_codes(files.get("codes.csv")),
        reasons=_reasons(files.get("refusal-reasons.csv")),
    )


def apply_overlay(pack: Pack, overlay: Overlay) -> Pack:
    """Lay an overlay over a pack; the pack stays as it is.

    The new pack has another digest: a decision tells under which overlay it was made.

    Raises:
        PackError: it does not lie over this pack, names a case or item that the pack does not have, repeats a
            refusal reason, counts or needs less than the pack's own reasons of that case, or another institution's
            overlay lies there already.
    """
    content = pack.content
    if content.pack not in overlay.packs:
        raise PackError(f"does not lie over {content.pack}; it names {', '.join(overlay.packs)}", file=overlay.overlay)
    clauses = {case.case: case.clause for case in content.exclusions}
    codes = {reason.code for reason in content.refusal_reasons}
    for reason in overlay.reasons:
        if reason.case not in clauses:
            raise PackError(f"reason {reason.code!r}: {content.pack} has no case {reason.case!r}", file=overlay.overlay)
        if reason.code in codes:
            raise PackError(f"reason {reason.code!r} is the pack's own", file=overlay.overlay)
        _keeps_to_its_case(reason, content, file=overlay.overlay)
    ref = OverlayRef(overlay=overlay.overlay, version=overlay.version, institution=overlay.institution)
    items = {row.code for row in content.items}
    for row in overlay.weaken:
        if row.item is not None and row.item not in items:
            raise PackError(f"weaken: {content.pack} has no item {row.item[:40]!r}", file=overlay.overlay)
    changed = msgspec.structs.replace(
        content,
        weaken=(*content.weaken, *overlay.weaken),
        overlays=(*content.overlays, ref),
        refusal_reasons=(*content.refusal_reasons, *(_reason(reason, clauses) for reason in overlay.reasons)),
    )
    check_content(changed, places=Places(file=overlay.overlay))
    return bind_pack(changed, fresh_until=pack.fresh_until)


def _keeps_to_its_case(reason: OverlayReason, content: PackContent, *, file: str) -> None:
    """A hospital's words for a case may ask for more than the authority's, and never count as less."""
    own = [each for each in content.refusal_reasons if each.case == reason.case]
    if not reason.counts_as_refusal and any(each.counts_as_refusal for each in own):
        message = f"reason {reason.code!r}: case {reason.case!r} counts as a refusal in {content.pack}"
        raise PackError(message, file=file)
    for need in sorted(set.intersection(*(set(each.needs) for each in own)) - set(reason.needs)) if own else ():
        raise PackError(f"reason {reason.code!r}: case {reason.case!r} needs {need!r} in {content.pack}", file=file)


def _read(folder: Path) -> dict[str, bytes]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".csv") and path.is_file())
        return {path.name: path.read_bytes() for path in paths}
    except OSError as error:
        raise PackError(f"cannot be read ({type(error).__name__})", file=folder.name) from error


def _codes(data: bytes | None) -> dict[tuple[str | None, str], Code]:
    if data is None:
        return {}
    columns = ("system", "code", "item_system", "item")
    rows = read_rows(data, file="codes.csv", required=columns, key=("code", "system"))
    codes: dict[tuple[str | None, str], Code] = {}
    for row in rows:
        code = Code(system=row.need("item_system"), code=row.need("item"))
        codes[row.text("system"), row.cells["code"]] = code
    return codes


def _reasons(data: bytes | None) -> tuple[OverlayReason, ...]:
    if data is None:
        return ()
    columns = ("code", "zh", "en", "case", "counts_as_refusal", "needs")
    rows = read_rows(data, file="refusal-reasons.csv", required=columns, optional=("maps_to",), key=("code",))
    return tuple(_overlay_reason(row) for row in rows)


def _overlay_reason(row: TableRow) -> OverlayReason:
    counts = row.yes_no("counts_as_refusal")
    return OverlayReason(
        code=row.cells["code"],
        zh=row.need("zh"),
        en=row.need("en"),
        case=row.need("case"),
        counts_as_refusal=counts,
        needs=row.words("needs"),
        maps_to=row.text("maps_to"),
    )


def _reason(reason: OverlayReason, clauses: Mapping[str, str]) -> RefusalReason:
    return RefusalReason(
        code=reason.code,
        zh=reason.zh,
        en=reason.en,
        case=reason.case,
        counts_as_refusal=reason.counts_as_refusal,
        needs=reason.needs,
        clause=clauses[reason.case],
        certainty=Certainty.INFERRED,
        maps_to=reason.maps_to,
    )
