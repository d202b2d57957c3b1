"""A patient's imaging studies on a time line, as an SVG picture. It names no patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape as _escape

from fhir_hr.model.imaging import CompletenessVerdict, Study
from fhir_hr.model.when import When

__all__ = ["timeline_svg"]

MOST_ROWS = 400
_ROW, _TOP, _BOTTOM = 22, 64, 46
_LEFT, _AXIS, _RIGHT = 560, 520, 36
_WIDTH = _LEFT + _AXIS + _RIGHT
# Told apart by people with any colour vision (Okabe and Ito), and by the words beside them.
_COLOURS = {"CT": "#0072B2", "MR": "#D55E00", "DX": "#009E73", "CR": "#009E73", "US": "#CC79A7", "MG": "#E69F00"}
_OTHER = "#555555"
_VERDICTS = {
    CompletenessVerdict.COMPLETE: "完整",
    CompletenessVerdict.COMPLETE_PER_ARCHIVE: "与归档一致",
    CompletenessVerdict.INCOMPLETE: "不完整",
    CompletenessVerdict.UNKNOWN: "未知",
}
_CUT = {"date": 7, "modality": 5, "name": 15, "place": 10}
_COLUMNS = (("检查日期", 16, "date"), ("类型", 98, "modality"), ("检查", 152, "name"), ("机构", 362, "place"))
_VERDICT_AT = 500


def timeline_svg(
    studies: Sequence[Study],
    *,
    title: str = "检查时间线",
    until: When | None = None,
    missing: Sequence[str] = (),
    patients: int = 1,
) -> str:
    """Draw studies on a time line, the latest first; those of unknown time come last, beside the axis.

    A filled dot is a study whose recognised item is certain, a ring one whose item is not.

    Args:
        studies: at most 400 are drawn; how many were left out is said below.
        title: heading; give none that names the patient where the picture leaves the record.
        until: right end of the axis, such as the time of the order; the latest study otherwise.
        missing: names of archives that could not be asked, or not fully: without a word the picture would look whole.
        patients: how many patient numbers the studies carry; several may be several persons, and that is said.

    Example:
        >>> timeline_svg([]).startswith("<svg")
        True
    """
    ordered = sorted(studies, key=_order)
    rows, left_out = ordered[:MOST_ROWS], max(0, len(ordered) - MOST_ROWS)
    warnings = _warnings(missing, patients)
    height = _TOP + max(1, len(rows)) * _ROW + _BOTTOM + len(warnings) * _ROW
    axis = _Axis([each.started for each in rows if each.started], until)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *(f'<text x="{x}" y="{_TOP - 12}" fill="#555555">{name}</text>' for name, x, _ in _COLUMNS),
        f'<text x="{_VERDICT_AT}" y="{_TOP - 12}" fill="#555555">序列</text>',
        *axis.grid(bottom=height - _BOTTOM - len(warnings) * _ROW + 4),
    ]
    if not rows:
        words = "未查到检查，但查询不完整" if missing else "没有检查"
        parts.append(f'<text x="16" y="{_TOP + 15}">{words}</text>')
    for number, study in enumerate(rows):
        parts += _row(study, _TOP + number * _ROW, axis, shaded=bool(number % 2))
    for number, text in enumerate(warnings):
        y = height - 14 - (len(warnings) - number) * _ROW
        parts.append(f'<text x="16" y="{y}" fill="#B00020" font-weight="bold">{escape(text)}</text>')
    parts.append(_legend(height - 14, left_out))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _warnings(missing: Sequence[str], patients: int) -> list[str]:
    found = []
    if missing:
        shown = "、".join(_cut(each, 24) for each in missing[:4]) + (" 等" if len(missing) > 4 else "")
        found.append(f"有 {len(missing)} 处影像归档未能完整查询（{shown}），图中可能缺少检查。")
    if patients > 1:
        found.append(f"检查来自 {patients} 个患者编号，可能不是同一人。")
    return found


def escape(text: str) -> str:
    """Make text fit for XML, which has no place for control characters."""
    return _escape("".join(char if char.isprintable() else " " for char in text))


def _order(study: Study) -> tuple[bool, float, str]:
    if study.started is None:
        return (True, 0.0, study.uid)
    return (False, -_seconds(study.started), study.uid)


def _seconds(when: When) -> float:
    return (when.earliest - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


class _Axis:
    """From times to places on the picture."""

    def __init__(self, times: Sequence[When], until: When | None) -> None:
        seconds = [_seconds(each) for each in times]
        if until is not None:
            seconds.append(_seconds(until))
        self._first, self._last = (min(seconds), max(seconds)) if seconds else (0.0, 0.0)
        if self._last - self._first < timedelta(days=30).total_seconds():
            self._first = self._last - timedelta(days=30).total_seconds()
        self._known = bool(seconds)

    def x(self, when: When) -> float:
        span = self._last - self._first
        return round(_LEFT + 20 + (_AXIS - 40) * (_seconds(when) - self._first) / span, 1)

    def grid(self, *, bottom: int) -> list[str]:
        """Lines at the beginnings of years, or of months where the span is short."""
        if not self._known:
            return []
        out = []
        for at, label in self._ticks():
            x = self.x(When.from_datetime(at))
            out.append(f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{bottom}" stroke="#cccccc"/>')
            out.append(f'<text x="{x}" y="{_TOP - 12}" text-anchor="middle" fill="#555555">{label}</text>')
        return out

    def _ticks(self) -> list[tuple[datetime, str]]:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        first, last = epoch + timedelta(seconds=self._first), epoch + timedelta(seconds=self._last)
        months = (last.year - first.year) * 12 + last.month - first.month
        step = next(each for each in (1, 3, 6, 12, 24, 60, 120, 600) if months / each <= 7)
        ticks = []
        for count in range(months + 1):
            year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
            at = datetime(year, month + 1, 1, tzinfo=UTC)
            if first <= at <= last and (year * 12 + month) % step == 0:
                ticks.append((at, f"{year}" if step >= 12 else f"{year}-{month + 1:02}"))
        return ticks


def _row(study: Study, top: int, axis: _Axis, *, shaded: bool) -> list[str]:
    base = top + 15
    texts = {
        "date": study.started.iso[:10] if study.started else "时间不明",
        "modality": "/".join(study.modalities) or "?",
        "name": _name(study),
        "place": (study.institution.name if study.institution else None) or "未知",
    }
    out = [f'<rect x="8" y="{top}" width="{_WIDTH - 16}" height="{_ROW}" fill="#f5f7fa"/>'] if shaded else []
    for _, x, key in _COLUMNS:
        whole, limit = texts[key], _CUT[key]
        short = whole if _wide(whole) <= limit else _cut(whole, limit)
        hint = f"<title>{escape(whole)}</title>" if short != whole else ""
        out.append(f'<text x="{x}" y="{base}">{escape(short)}{hint}</text>')
    verdict = study.completeness.verdict
    warn = ' fill="#B00020"' if verdict is CompletenessVerdict.INCOMPLETE else ' fill="#555555"'
    out.append(f'<text x="{_VERDICT_AT}" y="{base}"{warn}>{_VERDICTS[verdict]}</text>')
    if study.started is not None:
        colour = _COLOURS.get(study.modalities[0] if study.modalities else "", _OTHER)
        fill = colour if study.item is not None else "#ffffff"
        out.append(
            f'<circle cx="{axis.x(study.started)}" cy="{top + _ROW // 2}" r="6" '
            f'fill="{fill}" stroke="{colour}" stroke-width="2"/>'
        )
    return out


def _name(study: Study) -> str:
    if study.item is not None and study.item.display:
        return study.item.display
    return study.description or next((each.description for each in study.series if each.description), None) or "未写明"


def _wide(text: str) -> float:
    """Width in Chinese characters: the others take half the room."""
    return sum(1.0 if ord(char) > 0x2E7F else 0.55 for char in text)


def _cut(text: str, limit: int) -> str:
    width = 0.0
    for number, char in enumerate(text):
        width += 1.0 if ord(char) > 0x2E7F else 0.55
        if width > limit - 1:
            return text[:number] + "…"
    return text


def _legend(y: int, left_out: int) -> str:
    more = f"；另有 {left_out} 项未画出" if left_out else ""
    return (
        f'<text x="16" y="{y}" fill="#555555">实心点：互认项目已确定；空心圈：未能确定{more}。'
        "“与归档一致”只说明与影像归档一致，不等于检查完整。</text>"
    )
