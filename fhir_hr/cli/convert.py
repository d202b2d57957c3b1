"""``fhir-hr convert``: files and folders of HL7 v2 to FHIR Bundles, with a report of what became of each."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fhir_hr.adapters.hl7v2 import Limits
from fhir_hr.cli.console import choose_language, complain, tracked, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import Input, find_inputs, make_folder, open_report, read_document, read_input
from fhir_hr.cli.report import ReportLine, Totals, show_totals
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.senders import load_senders
from fhir_hr.model.flags import Evidence
from fhir_hr.recognition import Conversion, Converter, read_evidence
from fhir_hr.recognition.documents import MAX_BYTES
from fhir_hr.sources import PriorStore

__all__ = ["add_parser", "bundle_name", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "convert",
        help="HL7 v2 转 FHIR · convert HL7 v2 messages to FHIR Bundles",
        description="Convert HL7 v2 result messages (ORU^R01, OUL^R21 to R24) to FHIR Bundles, one file each.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, or - for standard input")
    parser.add_argument("--release", default="R4", choices=("R4", "R5"), help="FHIR release (default R4)")
    parser.add_argument("--out", metavar="DIR", help="folder for the Bundles; made when it does not exist")
    parser.add_argument(
        "--kind",
        default="collection",
        choices=("collection", "transaction", "document"),
        help="kind of Bundle (default collection)",
    )
    parser.add_argument("--report", metavar="FILE", help="write one JSON line per message (- for standard output)")
    parser.add_argument("--store", metavar="FILE", help="keep the results as priors in this store; made when new")
    parser.add_argument("--senders", metavar="DIR", action="append", default=[], help="further sender profiles")
    parser.add_argument("--evidence", metavar="FILE", help="quality evidence as JSON; a failed item loses its mark")
    parser.add_argument("--namespace", metavar="NAME", help="deployment that ids are made in")
    parser.add_argument("--max-mb", type=int, default=512, metavar="N", help="largest file read, in MiB (default 512)")
    parser.add_argument("--json", action="store_true", help="print the sums as JSON instead of a table")
    parser.add_argument("--quiet", action="store_true", help="print no table and no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Convert everything; :attr:`Exit.FINDINGS` when a message or result was rejected or an error was found."""
    if options.out is None and options.report is None and options.store is None:
        msg = "nothing to write: give --out, --report or --store"
        raise UsageError(msg)
    if options.max_mb < 1:
        msg = "--max-mb must be 1 or more"
        raise UsageError(msg)
    if options.report == "-" and options.json:
        msg = "--report - and --json both write to standard output; choose one"
        raise UsageError(msg)
    limit = options.max_mb << 20
    evidence: tuple[Evidence, ...] = ()
    if options.evidence is not None:
        evidence = read_evidence(read_document(options.evidence, limit=MAX_BYTES, what="evidence"))
    converter = Converter(
        release=options.release,
        kind=options.kind,
        senders=load_senders(*(Path(folder) for folder in options.senders)),
        namespace=options.namespace,
        evidence=evidence,
        limits=Limits(input_bytes=limit),
    )
    out = make_folder(options.out) if options.out is not None else None
    totals = Totals()
    with contextlib.ExitStack() as stack:
        report = open_report(options.report, stack)
        store = stack.enter_context(PriorStore(options.store)) if options.store is not None else None
        quiet = options.quiet or options.report == "-"
        for each in tracked(find_inputs(options.paths), "convert", quiet=quiet):
            for line in _lines(each, converter, limit=limit, out=out, store=store):
                totals.add(each.folder, line)
                if report is not None:
                    report.write(line.json())
    if options.json:
        write_bytes(msgspec.json.encode(totals.plain()) + b"\n")
    elif not quiet:
        show_totals(totals, language=choose_language(options.lang))
    if totals.bugs:
        complain(f"{totals.bugs} file(s) met a bug in the library; the report says which")
        return Exit.BUG
    if totals.all.messages == 0:
        complain("no message was found")
        return Exit.FINDINGS
    bad = totals.all.unread if out is not None else 0
    return Exit.FINDINGS if bad or totals.all.rejected or totals.all.plain()["error"] else Exit.OK


def bundle_name(conversion: Conversion) -> str:
    """Return the file name of a Bundle: digest of the message, its place and the release; nothing of a patient."""
    if conversion.message is None:
        msg = "a message that was not read has no Bundle"
        raise UsageError(msg)
    digest = conversion.message.origin.sha256[:20]
    return f"{digest}-{conversion.index:06d}.{conversion.release.value.lower()}.json"


def _lines(
    each: Input, converter: Converter, *, limit: int, out: Path | None, store: PriorStore | None
) -> Iterator[ReportLine]:
    data = read_input(each.source, limit=limit)
    if isinstance(data, Issue):
        yield ReportLine(source=each.source, index=0, issues=(data,))
        return
    for conversion in _conversions(converter, data):
        if isinstance(conversion, _Broken):
            yield ReportLine(source=each.source, index=conversion.index, issues=(conversion.issue,))
            return
        issues, name = conversion.issues, None
        if conversion.body is not None and out is not None:
            name = bundle_name(conversion)
            (out / name).write_bytes(conversion.body)
        deposit = conversion.deposit() if store is not None else None
        if store is not None and deposit is not None:
            issues += store.keep(deposit).issues
        counts = conversion.counts
        yield ReportLine(
            source=each.source,
            index=conversion.index,
            type=conversion.type,
            control_id=conversion.control_id,
            obx_read=counts.obx_read,
            observations=counts.observations,
            in_report=counts.in_report,
            rejected=counts.rejected,
            issues=issues,
            bundle=name,
        )


class _Broken(msgspec.Struct, frozen=True):
    """A bug met while a message was converted."""

    index: int
    issue: Issue


def _conversions(converter: Converter, data: bytes) -> Iterator[Conversion | _Broken]:
    """Convert; a bug of the library ends this file with an issue, and the next file is still read."""
    done = 0
    try:
        for conversion in converter.convert(data):
            yield conversion
            done += 1
    except Exception as error:  # noqa: BLE001 - one message must never stop a night's run
        # Only the kind of error: its text may quote the message.
        text = (
            f"a bug in the library ({type(error).__name__}): nothing of this message, nor after it in the file, "
            "was written; please report it"
        )
        yield _Broken(done, Issue(code=IssueCode.INTERNAL, severity=Severity.ERROR, where="", message=text))
