"""``fhir-hr rules docs``: a page for each pack, for a site."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import write_file
from fhir_hr.cli.rules.packs import add_packs, folders_of, load_folder
from fhir_hr.outputs.pages import MARKER, index_page, pack_page

__all__ = ["add_parser", "pages_of", "run", "stale"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "docs",
        help="生成网页说明 · a page for each pack",
        description="为每个规则包写一页说明（Markdown）：条款、解释、缺口、来源，以及一页目录。"
        " Write a Markdown page for each pack, and one that lists them.",
    )
    add_packs(parser)
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page is not up to date")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write or check the pages."""
    zh = choose_language(options.lang) == "zh"
    out, folder = console(), Path(options.out)
    pages = pages_of(folders_of(options))
    old = stale(pages, folder)
    if options.check:
        for name in old:
            out.print(f"{name}: {'不是最新' if zh else 'is not up to date'}", soft_wrap=True)
        return Exit.FINDINGS if old else Exit.OK
    for name in old:
        if name in pages:
            write_file(folder / name, pages[name].encode("utf-8"))
        else:
            (folder / name).unlink()
    count = f"{len(pages)} 页，{len(old)} 页有变化" if zh else f"{len(pages)} pages, {len(old)} changed"
    out.print(f"{folder.as_posix()}: {count}", soft_wrap=True)
    return Exit.OK


def pages_of(folders: list[Path]) -> dict[str, str]:
    """Return the pages of packs by file name, with the page that lists them."""
    contents = sorted((load_folder(folder).content for folder in folders), key=lambda each: each.pack)
    pages = {f"{content.pack}.md": pack_page(content) for content in contents}
    return {**pages, "index.md": index_page(contents)}


def stale(pages: dict[str, str], folder: Path) -> list[str]:
    """Return the names of pages that are missing, differ, or were made for a pack that is no more."""
    made = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}
    old = [name for name, text in pages.items() if made.get(name) != text]
    return old + [name for name, text in made.items() if name not in pages and text.startswith(MARKER)]
