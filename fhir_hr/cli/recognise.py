"""``fhir-hr recognise``: one order judged against the priors of one or more stores."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fhir_hr.cli.console import choose_language, write_bytes
from fhir_hr.cli.decisions import show_recognition
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import read_document
from fhir_hr.errors import DataFileError, UsageError
from fhir_hr.model.flags import Evidence
from fhir_hr.recognition import read_evidence, read_order, recognise
from fhir_hr.recognition.documents import MAX_BYTES
from fhir_hr.rules.load import builtin_pack, load_pack
from fhir_hr.rules.overlays import load_overlay
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.publishing import load_trust
from fhir_hr.sources import PriorSource, PriorStore
from fhir_hr.sources.packs import PackStore

__all__ = ["add_parser", "pack_of", "run"]

_LONGEST = 600
_EPILOG = """the order is one JSON object:
  {"id": "…", "at": "2026-03-20T09:30:00+08:00",
   "patient": {"identifiers": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "…"},
                               {"assigner": "institution that gave the number", "value": "…"}],
               "name": "…", "sex": "male|female|other|unknown", "birth": "1988-03-15"},
   "institution": {"id": "USCC", "name": "…", "division": "510100", "tier": 3, "grade": "甲"},
   "items": [{"id": "1", "name": "血常规", "code": "…", "system": "…", "loinc": "…",
              "scale": "quantitative|qualitative", "specimen_kind": "serum"}],
   "exclusions": [{"case": "3", "item_id": "1", "by": "…", "text": "…"}]}
An item needs only its name, an examination "kind": "imaging" too; exclusions are a clinician's own statement.
Exit code 3: a store or archive could not be asked fully, the answer may be incomplete.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "recognise",
        help="判断医嘱 · judge an order against prior results",
        description="Judge every item of an order against the priors that stores and image archives hold.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("order", metavar="ORDER.json", help="the order, or - for standard input")
    parser.add_argument("--store", metavar="FILE", action="append", default=[], help="store of priors; may be repeated")
    parser.add_argument(
        "--sources",
        metavar="FILE",
        action="append",
        default=[],
        help="image archives described in TOML (fhir-hr imaging find); may be repeated",
    )
    parser.add_argument(
        "--pack",
        metavar="PACK",
        action="append",
        help="folder of a rule pack, or the name of one that ships (all that ship, when left out)",
    )
    parser.add_argument(
        "--pack-store",
        metavar="DIR",
        help="judge by the signed packs of this folder (fhir-hr rules fetch); needs --trust",
    )
    parser.add_argument("--trust", metavar="FILE", help="trust file for --pack-store")
    parser.add_argument(
        "--overlay",
        metavar="DIR",
        action="append",
        default=[],
        help="folder of this hospital's overlay; may be repeated",
    )
    parser.add_argument("--evidence", metavar="FILE", help="quality evidence as JSON")
    parser.add_argument(
        "--deadline", type=float, default=5.0, metavar="S", help="seconds to wait for the stores (default 5)"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Judge the order; :attr:`Exit.SOURCE` when a store could not be asked fully."""
    if not 0 < options.deadline <= _LONGEST:
        msg = f"--deadline must be more than 0 and at most {_LONGEST} seconds"
        raise UsageError(msg)
    order = read_order(read_document(options.order, limit=MAX_BYTES, what="order"))
    evidence: tuple[Evidence, ...] = ()
    if options.evidence is not None:
        evidence = read_evidence(read_document(options.evidence, limit=MAX_BYTES, what="evidence"))
    recognition = recognise(
        order,
        sources=_sources(options),
        packs=_packs(options),
        overlays=[load_overlay(Path(name)) for name in options.overlay],
        evidence=evidence,
        deadline=options.deadline,
    )
    if options.json:
        write_bytes(recognition.json())
    else:
        show_recognition(recognition, language=choose_language(options.lang))
    return Exit.OK if recognition.complete else Exit.SOURCE


def _sources(options: argparse.Namespace) -> list[PriorSource]:
    """Return the stores and archives to ask.

    Raises:
        UsageError: none is named, or an archive is not told which numbers of a patient it knows.
    """
    sources: list[PriorSource] = [PriorStore(path, name=Path(path).name) for path in options.store]
    if options.sources:
        from fhir_hr.cli.sources import open_archives
        from fhir_hr.mapping.imaging_senders import load_imaging_senders
        from fhir_hr.sources.studies import PacsSource

        senders = load_imaging_senders()
        for each in open_archives((), options.sources, senders=senders):
            if not each.numbers:
                raise UsageError(f"archive {each.archive.name!r}: no [[source.numbers]] says whose numbers it knows")
            sources.append(PacsSource(each.archive, numbers=each.numbers, senders=senders))
    if not sources:
        raise UsageError("nothing to ask: give --store or --sources")
    return sources


def _packs(options: argparse.Namespace) -> Sequence[Pack] | None:
    """Return the packs to judge by; ``None``: those that ship.

    Raises:
        UsageError: options that contradict one another, or a store without any pack.
    """
    if options.pack_store is None:
        if options.trust is not None:
            raise UsageError("--trust belongs to --pack-store")
        return [pack_of(name) for name in options.pack] if options.pack else None
    if options.pack or options.trust is None:
        raise UsageError("--pack-store needs --trust, and no --pack beside it")
    path = Path(options.trust)
    trust = load_trust(read_document(options.trust, limit=MAX_BYTES, what="trust file"), file=path.name)
    packs = PackStore(options.pack_store, trust=trust).packs()
    if not packs:
        # Never fall back to other packs in silence: the hospital asked for these.
        raise UsageError(f"the store {Path(options.pack_store).name!r} holds no pack that this trust file accepts")
    return packs


def pack_of(name: str) -> Pack:
    """Return the pack of a folder, or the shipped one of that name.

    Raises:
        DataFileError: there is none, or it is broken.
    """
    folder = Path(name)
    if folder.is_dir():
        return load_pack(folder)
    if folder.name != name:
        raise DataFileError("is not a folder of a rule pack", file=name)
    return builtin_pack(name)
