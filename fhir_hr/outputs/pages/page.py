"""One page for a pack, and the page that lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_hr.model.decisions import Effect
from fhir_hr.outputs.pages.checks import OURS, check_rows, direction_lines, says, window_words
from fhir_hr.outputs.pages.lists import (
    exclusion_lines,
    institution_lines,
    item_lines,
    refusal_lines,
    source_lines,
    state_words,
)
from fhir_hr.outputs.pages.markdown import bullets, cell, heading, table
from fhir_hr.rules.advice.reach import each_then
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.pack import digest_of
from fhir_hr.rules.plain_parts import certainty_words, duty_words, gap_words
from fhir_hr.rules.plain_words import joined, word
from fhir_hr.rules.schema import PackContent

__all__ = ["MARKER", "index_page", "pack_page"]

MARKER = "<!-- Made by `fhir-hr rules docs`; changes by hand are lost. -->"
"""First line of every page, by which a page is known as made and not written."""

_DISCLAIMER = (
    f"条款以原文为准。{OURS} 是本库在原文没有写明之处的理解，须由主管部门确认，不是政策。\n"
    f"The text itself is binding; {OURS} marks our own reading where it is silent."
)

_NUMBERS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三")


def pack_page(content: PackContent) -> str:
    """Return the page of a pack as Markdown; the same pack gives the same bytes."""
    lines = [MARKER, "", f"# {cell(content.title)}", "", *_head(content), ":::{note}", _DISCLAIMER, ":::", ""]
    sections = (
        (("要点", "in short"), _short(content)),
        (("适用与施行", "where and when"), _scope(content)),
        (("互认标识", "marks"), _marks(content)),
        (("互认时限", "time limits"), _windows(content)),
        (("互认方向", "directions"), direction_lines(content)),
        (("逐项检查", "checks"), check_rows(content)),
        (("项目清单", "items"), item_lines(content)),
        (("机构", "institutions"), institution_lines(content)),
        (("排除情形", "exclusions"), exclusion_lines(content)),
        (("不予互认", "refusals"), refusal_lines(content)),
        (("记录与义务", "records and duties"), _duties(content)),
        (("缺什么", "gaps"), bullets(cell(gap_words(gap)[0]) for gap in content.gaps)),
        (("来源", "sources"), source_lines(content)),
    )
    shown = [section for section in sections if section[1]]
    for number, ((zh, en), body) in zip(_NUMBERS, shown, strict=False):
        lines += [heading(2, f"{number}、{zh}", en), "", *body]
    return "\n".join(lines).rstrip() + "\n"


def index_page(contents: Sequence[PackContent]) -> str:
    """Return the page that lists packs, with its table of contents."""
    rows = [
        (
            f"[{cell(content.title)}]({content.pack}.md)",
            f"`{content.pack}` {cell(content.version)}",
            word(content.level, "zh"),
            joined(content.kinds, "zh"),
            _count(content),
            _most(content)[0],
        )
        for content in contents
    ]
    headings = ("规则包 · pack", "编号与版本", "层级", "种类", "项目", "最强结论 · strongest")
    lines = [
        MARKER,
        "",
        "# 规则包 · rule packs",
        "",
        "随本库发布的规则包，每个一页：说了什么、依据哪一条、哪些是我们的解释、缺什么。",
        "The packs that ship: what each says, on whose word, what is our own reading, and what is missing.",
        "",
        *table(headings, rows),
        "```{toctree}",
        ":hidden:",
        "",
        *(content.pack for content in contents),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _head(content: PackContent) -> list[str]:
    parts = [
        f"`{content.pack}` {cell(content.version)}",
        f"{word(content.level, 'zh')} · {word(content.level, 'en')}",
        f"{joined(content.kinds, 'zh')} · {joined(content.kinds, 'en')}",
        f"sha256 `{digest_of(content)[:16]}…`",
    ]
    return ["，".join(parts) + "。", ""]


def _most(content: PackContent) -> tuple[str, str]:
    if any(then.effect is Effect.OBLIGE for _, then in each_then(content)):
        if content.force is None:
            return "应当互认", "must"
        return f"应当互认（{word(content.force.value, 'zh')}）", f"must ({word(content.force.value, 'en')})"
    return "可以互认", "may"


def _count(content: PackContent) -> str:
    number = len(content.items)
    return f"{number}（{state_words(content.list_state, 'zh')}）" if number else state_words(content.list_state, "zh")


def _short(content: PackContent) -> list[str]:
    strongest_zh, strongest_en = _most(content)
    windows = [spec for spec in content.checks if isinstance(spec, WindowSpec)]
    own = sorted({row.window_days for row in content.items if row.window_days is not None})
    days = f"；各项目 {'、'.join(map(str, own))} 天" if own else ""
    days_en = f"; by item {', '.join(map(str, own))} days" if own else ""
    limit_zh = "；".join(window_words(spec, "zh") for spec in windows) or "没有时限检查"
    limit_en = "; ".join(window_words(spec, "en") for spec in windows) or "no time limit is checked"
    thens = [then for _, then in each_then(content)]
    ours = sum(then.clause is None for then in thens)
    read = sum(then.clause is not None and then.interpretation is not None for then in thens)
    marks = "、".join(mark.text for mark in content.marks)
    kinds = dict.fromkeys(
        kind_of(content.checks[int(path.split("[")[1].split("]")[0])])
        for path, then in each_then(content)
        if then.effect is Effect.OBLIGE
    )
    by_zh = f"，由“{joined(kinds, 'zh')}”得出" if kinds else "，没有一条产生“应当互认”"
    by_en = f", by: {joined(kinds, 'en')}" if kinds else ", as nothing obliges"
    zh = [
        f"最强的结论：**{strongest_zh}**{by_zh}",
        f"登记的标识：{cell(marks) or '没有'}",
        f"项目清单：{_count(content)}；机构名单：{state_words(content.institutions_state, 'zh')}",
        f"时限：{limit_zh}{days}",
        f"{len(content.checks)} 条检查、{len(thens)} 处结论：{ours} 处只有本库的解释而没有条款，"
        f"{read} 处有条款并加解释；缺口 {len(content.gaps)} 处",
    ]
    items = len(content.items)
    en = (
        f"Strongest outcome: {strongest_en}{by_en}. Marks: {cell(marks) or 'none'}. "
        f"Items: {items} ({state_words(content.list_state, 'en')}); institutions: "
        f"{state_words(content.institutions_state, 'en')}. Time limit: {limit_en}{days_en}. "
        f"{len(content.checks)} checks with {len(thens)} findings: {ours} rest on our reading and on no clause, "
        f"{read} on a clause as we read it; {len(content.gaps)} gaps."
    )
    return [*bullets(zh), en, ""]


def _scope(content: PackContent) -> list[str]:
    effective = content.effective
    areas = "、".join("全国" if code == "000000" else code for code in content.applies.divisions)
    ground = [cell(content.applies.clause)] if content.applies.clause else []
    ground += [f"{OURS} {cell(content.applies.interpretation)}"] if content.applies.interpretation else []
    period = f"{effective.start or '未见'} 起" + (f"，至 {effective.end}" if effective.end else "")
    rows = [
        ("适用地区 · areas (GB/T 2260)", areas, "；".join(ground)),
        ("地区不明时 · when unknown", word(content.applies.on_unknown.effect, "zh"), says(content.applies.on_unknown)),
        ("施行 · in force", period, f"{certainty_words(effective.certainty)[0]}：{cell(effective.basis)}"),
        ("主管部门 · authority", cell(content.authority or "未见"), ""),
        ("清单版本 · list", cell(content.list_version or "–"), state_words(content.list_state, "zh")),
    ]
    if content.force is not None:
        rows.append(("约束力 · force", word(content.force.value, "zh"), cell(content.force.clause)))
    if content.delegates:
        rows.append(("交给下级规则包 · delegated", joined(content.delegates, "zh"), ""))
    if content.review_by is not None:
        rows.append(("复核期限 · review by", content.review_by, ""))
    if content.verified is not None:
        rows.append(("已核对 · verified", f"{cell(content.verified.by)} {content.verified.on}", ""))
    return table(("", "", "依据 · on whose word"), rows)


def _marks(content: PackContent) -> list[str]:
    rows = [
        (f"**{cell(mark.text)}**", f"`{mark.code}`", "、".join(mark.covers), cell(mark.clause))
        for mark in content.marks
    ]
    return table(("标识 · mark", "代码", "覆盖地区 · covers", "条款"), rows)


def _windows(content: PackContent) -> list[str]:
    rows = [
        (
            window_words(spec, "zh"),
            window_words(spec, "en"),
            says(spec.on_none) if spec.max_days is None else says(spec.on_expired),
        )
        for spec in content.checks
        if isinstance(spec, WindowSpec)
    ]
    own: dict[int, list[str]] = {}
    for row in content.items:
        if row.window_days is not None:
            own.setdefault(row.window_days, []).append(row.name_zh)
    lines = table(("时限", "limit", "依据 · on whose word"), rows)
    return [*lines, *bullets(f"{days} 天：{cell('、'.join(names))}" for days, names in sorted(own.items()))]


def _duties(content: PackContent) -> list[str]:
    return bullets(_duty_lines(content))


def _duty_lines(content: PackContent) -> Iterator[str]:
    if content.record is not None:
        yield f"认可后须记录：{joined(content.record.fields, 'zh')}（{cell(content.record.clause)}）"
    if content.panels is not None:
        said = "组合项目拆开后逐项判断" if content.panels.expand else "组合项目不拆开"
        yield f"{said}（{cell(content.panels.clause)}）"
    for duty in content.duties:
        yield f"{cell(duty_words(duty)[0])} · {word(duty.duty, 'en')}（{cell(duty.clause)}）"
