"""From statements to facets: modality, part, side, projections and contrast of one examination.

Every facet is what all statements leave possible together. A statement can only narrow it, so leaving one out can make
a facet unknown but never another one. A facet is proven when what states it covers the whole study; statements that
leave nothing possible are a conflict, and then the facet is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.mapping.exam_evidence import Evidence, SeriesEvidence, Statement
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.model.exams import Contrast, Side, View

__all__ = ["CHEST", "INFANT_CHEST", "Facet", "Views", "contrast_of", "modality_of", "part_of", "side_of", "views_of"]

CHEST, INFANT_CHEST = "chest", "infant-chest"
_PLAIN = frozenset({Contrast.PLAIN.value})
_BOTH = frozenset({Contrast.PLAIN_AND_ENHANCED.value})
_ENHANCED = frozenset({Contrast.ENHANCED.value}) | _BOTH
_FRONTAL = frozenset({"frontal", "ap", "pa"})
_ONE_SIDED = frozenset({Side.LEFT.value, Side.RIGHT.value})


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """What statements leave possible.

    Attributes:
        allowed: what is possible; ``None``: nothing was said.
        seen: all that was named by anyone, for candidates where statements disagree.
        proven: whether statements that may prove it leave exactly one value, for the whole study.
        covered: whether what was stated covers the whole study, though it may leave several values.
        conflict: whether statements disagree.
    """

    allowed: frozenset[str] | None = None
    seen: frozenset[str] = frozenset()
    proven: bool = False
    covered: bool = False
    conflict: bool = False

    @property
    def value(self) -> str | None:
        """The one value, when it is proven."""
        return next(iter(self.allowed)) if self.proven and self.allowed is not None else None

    def admits(self, value: str | None) -> bool:
        """Whether a row with this value may be meant; ``None``: the row does not say."""
        if value is None or self.allowed is None:
            return True
        return value in (self.seen if self.conflict else self.allowed)


def _narrow(sure: Iterable[frozenset[str]], doubtful: Iterable[frozenset[str]], *, covered: bool) -> Facet:
    sure, doubtful = tuple(sure), tuple(doubtful)
    if not sure and not doubtful:
        return Facet()
    seen = frozenset[str]().union(*sure, *doubtful)
    proof = frozenset.intersection(*sure) if sure else seen
    allowed = proof.intersection(*doubtful)
    if not allowed:
        return Facet(allowed=frozenset(), seen=seen, conflict=True)
    covered = covered and bool(sure)
    return Facet(allowed=allowed, seen=seen, proven=covered and len(proof) == 1, covered=covered)


def _texts(evidence: Evidence) -> list[Statement]:
    return [*evidence.texts, *(text for each in evidence.series for text in each.texts)]


def modality_of(evidence: Evidence) -> Facet:
    """The list's modality. Headers prove it; a name only where no header states any."""
    sure: list[frozenset[str]] = []
    doubtful: list[frozenset[str]] = []
    for code in evidence.modalities:
        row = load_modalities().get(code)
        if row is not None and row.listed is not None:
            sure.append(frozenset({row.listed}))
        else:
            doubtful.append(frozenset({code} | ({row.perhaps} if row is not None and row.perhaps else set())))
    named = [text.modalities for text in _texts(evidence) if text.modalities]
    if evidence.modalities:
        covered = not doubtful and all(each.modality for each in evidence.series if each.required)
        return _narrow(sure, doubtful + named, covered=covered)
    of_study = [text.modalities for text in evidence.texts if text.modalities]
    return _narrow(of_study, named, covered=not evidence.series and not evidence.imageless)


def part_of(evidence: Evidence, modality: str | None) -> Facet:
    """The part of the body. Every series must state it, or the study as a whole."""

    def possible(part: frozenset[str]) -> frozenset[str]:
        return part | {INFANT_CHEST} if modality in (None, "DR") and CHEST in part else part

    of_study = [possible(part) for text in evidence.texts for part in text.parts]
    sure, doubtful = list(of_study), list[frozenset[str]]()
    covered = bool(of_study) or (not evidence.partial and any(each.required for each in evidence.series))
    for each in evidence.series:
        own = [possible(part) for part in (*each.header_parts, *(p for text in each.texts for p in text.parts))]
        (sure if each.required else doubtful).extend(own)
        covered = covered and not each.unclear_part and (bool(own) or not each.required or bool(of_study))
    if sure and modality in (None, "DR") and any(text.infant for text in _texts(evidence)):
        sure.append(frozenset().union(*sure, *doubtful) - {CHEST})
    return _narrow(sure, doubtful, covered=covered)


def side_of(evidence: Evidence) -> Facet:
    """The side. 双侧 in words goes with images of either side; else all that state one must agree."""
    of_study = frozenset[str]().union(*(text.sides for text in evidence.texts))
    both = Side.BOTH.value
    of_series: list[frozenset[str]] = []
    required: list[bool] = []
    for each in evidence.series:
        words = frozenset[str]().union(*(text.sides for text in each.texts))
        if both in words:
            of_study |= {both}
            words -= {both}
        own = words | each.header_sides
        of_series.append(own)
        required.append(each.required)
    stated = frozenset[str]().union(*of_series)
    doubts = frozenset[str]().union(*(text.perhaps.sides for text in _texts(evidence)))
    seen = of_study | stated | doubts
    if not seen:
        return Facet()
    if of_study == {both}:
        fits = stated <= {both} or stated >= _ONE_SIDED
        value = both
    else:
        fits = len(of_study | stated) <= 1
        value = next(iter(of_study | stated), "")
    fits = fits and (not value or doubts <= {value}) and len(doubts) <= 1
    if not fits:
        expanded = seen | _ONE_SIDED if both in seen else seen
        return Facet(allowed=frozenset(), seen=expanded, conflict=True)
    if not value:
        return Facet(seen=seen)
    everywhere = bool(of_series) and all(own or not must for own, must in zip(of_series, required, strict=True))
    proven = bool(of_study) or (everywhere and any(required) and not evidence.partial)
    return Facet(allowed=frozenset({value}), seen=seen, proven=proven)


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """Projections of a radiograph.

    Attributes:
        kinds: ``frontal``, ``lateral``, ``oblique``, ``other``: what is stated; all of them when ``whole``.
        whole: whether these are all projections of the study.
        standing_pa: whether the frontal one was made standing, from the back (站立后前位); ``None``: not known.
        conflict: whether statements disagree, on projections or on how the patient stood.
        disputed: whether they disagree on the projections themselves.
    """

    kinds: frozenset[str] = frozenset()
    whole: bool = False
    standing_pa: bool | None = None
    conflict: bool = False
    disputed: bool = False

    def read(self, *, chest: bool) -> tuple[View, ...] | None:
        """The projections, when they are known. The list tells 站立后前位 from 正位 for the chest only."""
        if self.conflict or not self.whole or "other" in self.kinds:
            return None
        frontal = View.FRONTAL
        if chest and "frontal" in self.kinds:
            if self.standing_pa is None:
                return None
            frontal = View.STANDING_PA if self.standing_pa else View.FRONTAL
        known = {"frontal": frontal, "lateral": View.LATERAL, "oblique": View.OBLIQUE}
        return tuple(sorted(known[kind] for kind in self.kinds))

    def admits(self, views: tuple[View, ...] | None, *, chest: bool) -> bool:
        """Whether a row with these projections may be meant."""
        if views is None or self.disputed:
            return True
        wanted = frozenset("frontal" if view is View.STANDING_PA else view.value for view in views)
        if not (self.kinds == wanted if self.whole else self.kinds <= wanted):
            return False
        if not chest or self.conflict or self.standing_pa is None or "frontal" not in wanted:
            return True
        return self.standing_pa is (View.STANDING_PA in views)


def _kinds(atoms: frozenset[str]) -> frozenset[str]:
    return frozenset("frontal" if atom in _FRONTAL else atom for atom in atoms)


def views_of(evidence: Evidence, *, infant: bool) -> Views:
    """The projections: what the study's name says, or all that its series say.

    Args:
        evidence: what was stated.
        infant: whether an infant's chest is stated; its 正位 need not be told from 站立后前位.
    """
    named = {_kinds(text.views) for text in evidence.texts if text.views}
    conflict = len(named) > 1
    atoms = frozenset[str]().union(*(text.views for text in evidence.texts))
    standing = any(text.standing for text in evidence.texts)
    lying = any(text.not_standing for text in _texts(evidence))
    pictured = frozenset[str]()
    whole = not evidence.partial and any(each.required for each in evidence.series)
    alone = len(evidence.series) == 1
    for each in evidence.series:
        own, complete, disagree = _series_views(each)
        atoms |= own
        pictured |= _kinds(own)
        whole = whole and (complete or not each.required)
        conflict = conflict or disagree
        lying = lying or each.header_not_standing
        upright = each.header_standing or any(text.standing for text in each.texts)
        standing = standing or (upright and ("frontal" in _kinds(own) or alone))
    kinds = pictured
    if named and not conflict:
        kinds = next(iter(named))
        conflict = not (pictured == kinds if whole else pictured <= kinds)
        whole = True
    posterior, anterior = "pa" in atoms, "ap" in atoms
    disputed = conflict
    conflict = conflict or (posterior and anterior) or (standing and lying)
    standing_pa: bool | None = None
    if posterior and standing:
        standing_pa = True
    elif anterior or lying or infant:
        standing_pa = False
    return Views(
        kinds=kinds, whole=whole and bool(kinds), standing_pa=standing_pa, conflict=conflict, disputed=disputed
    )


def _series_views(series: SeriesEvidence) -> tuple[frozenset[str], bool, bool]:
    """Projections of one series, whether they are those of all its images, and whether its statements disagree."""
    words = frozenset[str]().union(*(text.views for text in series.texts))
    header = series.header_views
    disagree = bool(words and header) and not _kinds(header) <= _kinds(words)
    own = header | (words & _FRONTAL if header and "frontal" in _kinds(header) else frozenset()) if header else words
    kinds = _kinds(own)
    if series.images is None or not kinds:
        return own, False, disagree
    return own, series.images <= len(kinds) if header else series.images == len(kinds), disagree


def contrast_of(evidence: Evidence) -> Facet:
    """The contrast. Plain must be stated; no agent in a header proves nothing."""
    sure = [text.contrasts for text in evidence.texts if text.contrasts]
    doubtful = [text.perhaps.contrasts for text in _texts(evidence) if text.perhaps.contrasts]
    named = bool(sure)
    phases: list[frozenset[str]] = []
    for each in evidence.series:
        if not each.required:
            continue
        words = [text.contrasts | (_BOTH if "enhanced" in text.contrasts else frozenset()) for text in each.texts]
        words = [word for word in words if word]
        if any(word == _BOTH for word in words):
            sure.append(_BOTH)  # a protocol's name speaks of the whole examination
            named = True
            words = [word for word in words if word != _BOTH]
        if each.agent:
            words.append(_ENHANCED)
        if len(set(words)) > 1 or (each.agent is False and _ENHANCED in words):
            return Facet(allowed=frozenset(), seen=_PLAIN | _ENHANCED, conflict=True)
        phases.append(words[0] if words else frozenset())
    covered = named
    if _PLAIN in phases and _ENHANCED in phases:
        sure.append(_BOTH)
        covered = True
    elif _ENHANCED in phases:
        sure.append(_ENHANCED)
    elif _PLAIN in phases:
        if all(phases) and not evidence.partial:
            sure.append(_PLAIN)
            covered = True
        else:
            sure.append(_PLAIN | _BOTH)
    return _narrow(sure, doubtful, covered=covered)
