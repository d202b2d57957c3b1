"""``fhir-hr rules fetch``: take over an authority's new packs and lists, and keep the last good ones."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

from fhir_hr.cli.console import choose_language, complain, console, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import clean, read_bytes
from fhir_hr.cli.rules.packs import read_moment
from fhir_hr.cli.rules.verify import FAULTS_ZH
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.publishing import load_trust
from fhir_hr.sources.packs import DirectoryTransport, Event, HttpTransport, PackStore, PackTransport, State, Subject

__all__ = ["add_parser", "run"]

_STATES_ZH = {
    State.INSTALLED: "已采用",
    State.UNCHANGED: "无变化",
    State.PENDING: "尚未到生效时间",
    State.REFUSED: "拒绝，未采用",
    State.FLAGGED: "仍在使用，请留意",
}
_CHINA = timezone(timedelta(hours=8))
_SUBJECTS_ZH = {Subject.INDEX: "索引", Subject.PACK: "规则包", Subject.LANE: "名单"}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "fetch",
        help="取用规则包 · take over signed packs from a site, keep the last good ones",
        description="向发布处索取新的规则包与名单，核对无误后采用；有误的拒绝，仍用原有的。"
        " Ask sites for signed packs; what is not in order is refused and the last good pack stays.",
        epilog="Exit code 1 when something was refused or flagged, 3 when there is no pack to judge by.",
    )
    parser.add_argument(
        "sites", nargs="*", metavar="SITE", help="https address or folder; none: only show what is held"
    )
    parser.add_argument("--store", metavar="DIR", required=True, help="folder that keeps the packs")
    parser.add_argument("--trust", metavar="FILE", required=True, help="trust file: which key may sign what")
    parser.add_argument("--as-of", metavar="TIME", help="moment of taking over (default: now)")
    parser.add_argument("--json", action="store_true", help="print one JSON line per event, then the packs in use")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Refresh the store and tell what happened."""
    zh = choose_language(options.lang) == "zh"
    path = Path(options.trust)
    trust = load_trust(read_bytes(path, "trust file"), file=path.name)
    store = PackStore(options.store, trust=trust, transports=[_transport(site) for site in options.sites])
    now = read_moment(options.as_of, "--as-of")
    events = store.refresh(now=now).events
    out = console()
    for event in events:
        if options.json:
            write_bytes(msgspec.json.encode(event) + b"\n")
        else:
            out.print(clean(_told(event, zh=zh)), soft_wrap=True)
    packs = store.packs()
    for pack in packs:
        if options.json:
            write_bytes(msgspec.json.encode({"in_use": pack.ref}) + b"\n")
        else:
            text = f"{'使用中：' if zh else 'in use: '}{pack.ref.id} {pack.ref.version}{_until(pack, now, zh=zh)}"
            out.print(clean(text), soft_wrap=True)
    if not packs:
        complain("没有可用的规则包 · there is no pack to judge by" if zh else "there is no pack to judge by")
        return Exit.SOURCE
    doubtful = (State.REFUSED, State.FLAGGED)
    return Exit.FINDINGS if any(event.state in doubtful for event in events) else Exit.OK


def _until(pack: Pack, now: datetime, *, zh: bool) -> str:
    fresh = pack.fresh_until
    if fresh is None:
        return ""
    until = fresh.astimezone(_CHINA).isoformat()
    if fresh >= now:
        return f"，有效期至 {until}" if zh else f", fresh until {until}"
    return f"，有效期至 {until}，已过：可能不是最新，仍按它判断" if zh else f", fresh until {until}: it may be stale"


def _transport(site: str) -> PackTransport:
    return HttpTransport(site) if "://" in site else DirectoryTransport(site)


def _told(event: Event, *, zh: bool) -> str:
    if not zh:
        return str(event)
    serial = "" if event.serial is None else f" 第 {event.serial} 次发布"
    why = f"：{FAULTS_ZH[event.fault]}（{event.fault}）" if event.fault else ""
    return f"{event.source}：{_SUBJECTS_ZH[event.subject]} {event.name}{serial} {_STATES_ZH[event.state]}{why}"
