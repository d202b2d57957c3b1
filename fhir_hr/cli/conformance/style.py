"""How the page of a conformance run looks, and its filter; both inside the page, nothing is loaded."""

from __future__ import annotations

__all__ = ["SCRIPT", "STYLE"]

STYLE = """
:root { --good: #1b7f4b; --bad: #b3261e; --line: #d9dee3; --soft: #f5f7f9; --dim: #68727d; }
* { box-sizing: border-box; }
body { margin: 0; color: #1d2329; background: #fff;
  font: 15px/1.6 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
i { color: var(--dim); font-style: normal; font-size: .85em; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .9em; }
header { padding: 1.4rem 2rem; color: #fff; }
header.good { background: var(--good); } header.bad { background: var(--bad); }
h1 { margin: 0; font-size: 1.5rem; } h1 small { font-weight: 400; opacity: .85; font-size: .7em; }
.verdict { margin: .2rem 0 0; font-size: 1.1rem; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem 2rem 4rem; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .6rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .8rem; margin-top: 1rem; }
.figures div { background: var(--soft); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .9rem; }
.figures b { display: block; font-size: 1.5rem; } .figures span i { margin-left: .4em; }
.command code { background: var(--soft); padding: .1rem .4rem; overflow-wrap: anywhere; }
.problems { border-left: .3rem solid var(--bad); padding-left: 1rem; }
table { border-collapse: collapse; width: 100%; }
.totals td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; }
.totals .n { text-align: right; white-space: nowrap; width: 8rem; } .totals .bar { width: 12rem; }
.totals .bad .n { color: var(--bad); font-weight: 600; }
.words { margin-left: .6em; color: var(--dim); } meter { width: 100%; }
summary { cursor: pointer; }
.filter { display: flex; flex-wrap: wrap; gap: .8rem; align-items: center; margin-bottom: .8rem; }
.filter input[type=search] { flex: 1 1 16rem; padding: .35rem .6rem; font: inherit; }
.filter select { padding: .35rem; font: inherit; }
.case { margin: 0; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
.case.good b { color: var(--good); } .case.bad > summary b { color: var(--bad); }
.case.bad { border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius: .3rem; margin: .5rem 0; }
.case ul { margin: .3rem 0; }
.sides { margin: .4rem 0; table-layout: fixed; }
.sides th, .sides td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
.sides th:first-child { width: 6rem; } .sides th i { margin-left: .4em; }
.sides th:first-child i { display: block; margin: 0; }
.sides .differs td { background: #fdecea; } .sides ol { margin: 0; padding-left: 1.3rem; }
pre { background: var(--soft); padding: .6rem; overflow: auto; max-height: 24rem; }
[hidden] { display: none !important; }
"""

SCRIPT = """
(function () {
  var cases = Array.prototype.slice.call(document.querySelectorAll('.case'));
  var text = document.getElementById('text'), group = document.getElementById('group');
  var failed = document.getElementById('failed'), count = document.getElementById('count');
  function show() {
    var words = text.value.toLowerCase().split(/\\s+/).filter(Boolean), shown = 0;
    cases.forEach(function (one) {
      var on = (!group.value || one.dataset.group === group.value)
        && (!failed.checked || one.classList.contains('bad'))
        && words.every(function (word) { return one.dataset.words.indexOf(word) >= 0; });
      one.hidden = !on;
      shown += on ? 1 : 0;
    });
    count.textContent = shown + ' / ' + cases.length;
  }
  [text, group, failed].forEach(function (control) { control.addEventListener('input', show); });
  show();
})();
"""
