"""A conformance run as one self-contained page: totals, every failure with what was expected, a filter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape

import msgspec

from fhir_hr.cli.conformance.style import SCRIPT, STYLE
from fhir_hr.model.decisions import Effect, Force, RecognitionOutcome
from fhir_hr.rules.reasons import reason_texts
from fhir_hr.testing.answers import Answer, Expect
from fhir_hr.testing.conformance import CaseResult, SuiteResult

__all__ = ["page"]

_OUTCOMES = {
    RecognitionOutcome.MUST: "应当互认",
    RecognitionOutcome.MAY: "可以互认",
    RecognitionOutcome.NOT: "不予互认",
    RecognitionOutcome.INDETERMINATE: "无法判断",
}
_EFFECTS = {
    Effect.OBLIGE: "须认",
    Effect.DISCRETION: "由医师判断",
    Effect.BLOCK: "不予",
    Effect.UNKNOWN: "不明",
    Effect.NOTE: "提示",
}
_FORCES = {Force.SHALL_NOT_REPEAT: "不得重复", Force.IN_PRINCIPLE: "原则上"}
_ZH = {
    "not answered": "没有答复 ·",
    "answered twice": "答复了两次 ·",
    "answered out of order: after a later request": "答复次序颠倒 ·",
}
_NOT_GIVEN = "—"


def page(result: SuiteResult) -> str:
    """Return the run as HTML. It loads nothing; everything that the program said is escaped."""
    total = len(result.cases)
    verdict = "一致 · conforms" if result.ok else "不一致 · does not conform"
    body = [
        f'<header class="{"good" if result.ok else "bad"}"><h1>一致性检验报告 <small>Conformance report</small></h1>',
        f'<p class="verdict">{verdict}</p></header><main>',
        _figures(result, total),
        _program(result),
        _problems(result),
        _section("按规则包与主题", "by pack and theme", _totals(result.by_group().items(), words=result.titles)),
        _section("按理由代码", "by expected reason code", _codes(result)),
        _cases(result),
        "</main>",
    ]
    return _DOCUMENT.format(style=STYLE, script=SCRIPT, body="\n".join(body))


_DOCUMENT = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>一致性检验报告 · Conformance report</title>
<style>{style}</style></head>
<body>
{body}
<script>{script}</script>
</body></html>
"""


def _figures(result: SuiteResult, total: int) -> str:
    cells = (
        ("判定用例", "vectors", str(total)),
        ("一致", "as expected", str(result.passed)),
        ("不一致", "otherwise", str(total - result.passed)),
        ("通信问题", "problems", str(len(result.problems))),
        ("用时", "time", f"{result.seconds:.1f} s"),
        ("词汇版本", "vocabulary", result.vocabulary),
    )
    return (
        '<section class="figures">'
        + "".join(f"<div><b>{escape(n)}</b><span>{zh}<i>{en}</i></span></div>" for zh, en, n in cells)
        + "</section>"
    )


def _program(result: SuiteResult) -> str:
    return f"<p class=command>被检程序 <i>program</i> <code>{escape(' '.join(result.command))}</code></p>"


def _problems(result: SuiteResult) -> str:
    if not result.problems:
        return ""
    said = "".join(f"<li>{escape(problem)}</li>" for problem in result.problems)
    errors = ""
    if result.stderr.strip():
        errors = f"<details><summary>标准错误 · standard error</summary><pre>{escape(result.stderr)}</pre></details>"
    title = "<h2>通信问题 <i>problems of the conversation</i></h2>"
    return f'<section class="problems">{title}<ul>{said}</ul>{errors}</section>'


def _section(zh: str, en: str, body: str) -> str:
    return f"<section><h2>{zh} <i>{en}</i></h2>{body}</section>"


def _totals(rows: Iterable[tuple[str, tuple[int, int]]], *, words: Mapping[str, str]) -> str:
    lines = []
    for name, (good, every) in rows:
        told = f"<span class=words>{escape(words[name])}</span>" if name in words else ""
        state = "good" if good == every else "bad"
        lines.append(
            f"<tr class={state}><td><code>{escape(name)}</code>{told}</td><td class=n>{good} / {every}</td>"
            f"<td class=bar><meter min=0 max={every} value={good}></meter></td></tr>"
        )
    return f"<table class=totals>{''.join(lines)}</table>"


def _codes(result: SuiteResult) -> str:
    counts = result.by_code()
    table = _totals(counts.items(), words={name: text.zh for name, text in reason_texts().items()})
    bad = sum(good < every for good, every in counts.values())
    summary = f"{len(counts)} 个代码，{bad} 个有不一致 · {len(counts)} codes, {bad} with failures"
    return f"<details><summary>{summary}</summary>{table}</details>"


def _cases(result: SuiteResult) -> str:
    groups = "".join(f"<option>{escape(group)}</option>" for group in result.by_group())
    failed = len(result.cases) - result.passed
    checked = " checked" if failed else ""
    return (
        "<section><h2>逐条结果 <i>vector by vector</i></h2>"
        '<form class=filter onsubmit="return false">'
        '<input type=search id=text placeholder="名称、编号或代码 · name, id or code">'
        f"<select id=group><option value=''>全部 · all</option>{groups}</select>"
        f"<label><input type=checkbox id=failed{checked}> 只看不一致 · failures only</label>"
        "<output id=count></output></form>"
        f"<div id=cases>{''.join(_case(case) for case in result.cases)}</div></section>"
    )


def _case(case: CaseResult) -> str:
    expect = case.vector.expect
    codes = " ".join(code.value for code in expect.codes)
    words = escape(f"{case.id} {case.vector.name} {codes}".lower(), quote=True)
    head = f"<code>{escape(case.id)}</code> {escape(case.vector.name)}"
    data = f'data-group="{escape(case.group, quote=True)}" data-words="{words}"'
    if case.passed:
        return f'<p class="case good" {data}><b>✓</b> {head}</p>'
    # What the table below shows is not told twice.
    told = [one for one in case.differences if case.answer is None or ": expected " not in one]
    items = "".join(f"<li>{escape(_ZH.get(one, ''))} {escape(one)}</li>" for one in told)
    said = f"<ul>{items}</ul>" if items else ""
    request = json.dumps(msgspec.to_builtins(case.request), ensure_ascii=False, indent=1)
    return (
        f'<details class="case bad" {data} open><summary><b>✗</b> {head}</summary>{said}'
        f"{_side_by_side(expect, case.answer, case.differences)}"
        f"<details><summary>请求 · request</summary><pre>{escape(request)}</pre></details></details>"
    )


def _side_by_side(expect: Expect, answer: Answer | None, differences: tuple[str, ...]) -> str:
    if answer is None:
        got_outcome = got_force = got_missing = got_expires = _NOT_GIVEN
        got_reasons = "没有答复 <i>no answer</i>"
    else:
        got_outcome, got_force = _outcome(answer.outcome), _force(answer.force)
        got_reasons = _reasons([(r.code, r.effect, r.pack) for r in answer.reasons])
        got_missing, got_expires = _list(answer.missing), escape(answer.expires or _NOT_GIVEN)
    effects = expect.effects if isinstance(expect.effects, tuple) else (None,) * len(expect.codes)
    want_reasons = _reasons([(c.value, e, "") for c, e in zip(expect.codes, effects, strict=False)])
    rows = [
        ("结论", "outcome", _outcome(expect.outcome), got_outcome),
        ("效力", "force", _force(expect.force), got_force),
        ("理由", "reasons", want_reasons, got_reasons),
    ]
    if isinstance(expect.missing, tuple):
        rows.append(("缺少", "missing", _list(expect.missing), got_missing))
    if expect.expires is not msgspec.UNSET:
        rows.append(("有效至", "expires", escape(expect.expires or _NOT_GIVEN), got_expires))
    wrong = {said.partition(":")[0] for said in differences}
    if wrong & {"codes", "effects"}:
        wrong.add("reasons")
    lines = "".join(
        f"<tr{' class=differs' if en in wrong else ''}><th>{zh}<i>{en}</i></th><td>{want}</td><td>{got}</td></tr>"
        for zh, en, want, got in rows
    )
    head = "<tr><th></th><th>应为 <i>expected</i></th><th>实为 <i>got</i></th></tr>"
    return f"<table class=sides>{head}{lines}</table>"


def _outcome(outcome: RecognitionOutcome) -> str:
    return f"{_OUTCOMES[outcome]} <i>{outcome.value}</i>"


def _force(force: Force | None) -> str:
    return _NOT_GIVEN if force is None else f"{_FORCES[force]} <i>{force.value}</i>"


def _list(words: Iterable[str]) -> str:
    return escape(", ".join(sorted(words)) or _NOT_GIVEN)


def _reasons(reasons: Iterable[tuple[str, Effect | None, str]]) -> str:
    texts = reason_texts()
    lines = []
    for code, effect, pack in reasons:
        told = f" · {_EFFECTS[effect]} <i>{effect.value}</i>" if effect else ""
        words = texts[code].zh if code in texts else "没有这个代码"
        owner = f" <i>{escape(pack)}</i>" if pack else ""
        lines.append(f"<li><code>{escape(code)}</code> {escape(words)}{told}{owner}</li>")
    return f"<ol>{''.join(lines)}</ol>" if lines else _NOT_GIVEN
