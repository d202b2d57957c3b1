"""The strict loader's errors in Chinese. The loader speaks English; what is not known here is quoted as it is."""

from __future__ import annotations

import re
from enum import Enum

from fhir_hr.errors import PackError
from fhir_hr.model.decisions import Effect, Force
from fhir_hr.model.lab import ReportKind
from fhir_hr.rules.schema import Certainty
from fhir_hr.rules.vocabulary import Anchor, Count, Level, ListState

__all__ = ["TRANSLATIONS", "chinese", "translated"]

TRANSLATIONS: tuple[tuple[str, str], ...] = (
    (r"is missing", "缺少这个文件"),
    (r"(?:\S+: )?unknown key '(?P<a>.*)'", "不认识的字段“{a}”，请核对拼写"),
    (r"must be keys with values here", "这里应写成“字段: 值”"),
    (r"is written for vocabulary (?P<a>.*); this library knows (?P<b>.*)", "规则词汇版本为 {a}，本程序只认 {b}"),
    (r"unknown kind of check (?P<a>.*); there are (?P<b>.*)", "没有 {a} 这种检查；可用：{b}"),
    (r"mark (?P<a>.*) is not in the registry", "标识 {a} 未在标识登记表中"),
    (r"cannot be read \((?P<a>.*)\)", "无法读取（{a}）"),
    (r"no built-in pack (?P<a>.*); there are (?P<b>.*)", "没有名为 {a} 的内置规则包；有：{b}"),
    (r"no built-in pack (?P<a>.*)", "没有名为 {a} 的内置规则包"),
    (r"clause id '(?P<a>.*)' stands twice", "条款编号“{a}”写了两次"),
    (r"clause '(?P<a>.*)' is not in sources\.yaml", "所引条款“{a}”不在 sources.yaml 中"),
    (r"item '(?P<a>.*)' is not in items\.csv", "项目“{a}”不在 items.csv 中"),
    (r"case '(?P<a>.*)' is not in exclusions\.csv", "情形“{a}”不在 exclusions.csv 中"),
    (
        r"needs a clause, or an interpretation marked as such",
        "须写明条款（clause）；原文没有的，写明是我们的解释（interpretation）",
    ),
    (r"a mark stands twice", "同一标识写了两次"),
    (r"'(?P<a>.*)' is no offset like \+08:00", "“{a}”不是时区，应写成 +08:00"),
    (r"(?P<c>\w+): '(?P<a>.*)' is no date", "{c} 栏“{a}”不是日期；请写成 2026、2026-08 或 2026-08-20"),
    (r"'(?P<a>.*)' is no date", "“{a}”不是日期；请写成 2026、2026-08 或 2026-08-20"),
    (r"names no division", "没有写明适用的行政区划"),
    (r"'(?P<a>.*)' is no GB/T 2260 division of six digits", "“{a}”不是 6 位行政区划代码（GB/T 2260）"),
    (
        r"only a valid mark, a listed institution or a direction may oblige",
        "只有有效的标识、在名单的机构或互认方向才能产生“应当互认”",
    ),
    (r"obliges, and the pack states no force", "写了“应当互认”，却没有写约束力（force）"),
    (r"the check '(?P<a>.*)' stands twice", "检查“{a}”写了两次"),
    (r"the pack has no check '(?P<a>.*)' to delegate", "把“{a}”交给下级规则包，但本规则包没有这种检查或不能交出"),
    (r"'(?P<a>.*)' is no pack id like cn-51-lab", "“{a}”不是规则包编号，应写成 cn-51-lab 这样"),
    (r"(?:is no version|version: needs a text) like 2022\.1\.0", "版本应写成 2022.1.0 这样"),
    (r"'(?P<a>.*)' is no jurisdiction of level (?P<b>.*)", "辖区“{a}”与层级 {b} 不符"),
    (r"names no kind of report", "没有写明结果种类（kinds）"),
    (r"percent must lie between 1 and 100", "比例须在 1 到 100 之间"),
    (r"'(?P<a>.*)' is no day like 2026-08-20", "“{a}”不是日期，须精确到日，如 2026-08-20"),
    (r"000000 is the whole country, and the pack is not the nation's", "000000 指全国，而本规则包不是国家层级"),
    (r"division (?P<a>.*) lies outside (?P<b>.*)", "行政区划 {a} 不在辖区 {b} 之内"),
    (r"(?:\w+ )?is absent, and (?P<a>.*) has rows", "标为“未见”（absent），但 {a} 中有内容"),
    (r"(?:\w+ )?is (?P<b>\w+), and (?P<a>.*) has no rows", "标为 {b}，但 {a} 中没有内容；没有清单时写 absent"),
    (r"(?:\w+ )?is needed for the items of the list", "有项目清单就须写项目代码系统（item_system）"),
    (r"lacks the check '(?P<a>.*)', which every pack on imaging needs", "缺少影像规则包必须有的检查“{a}”"),
    (r"needs on_open: the pack does not hold the whole list", "清单不全，须写明未见于清单时如何处理（on_open）"),
    (r"names no aspect", "没有写明比较哪些要素（aspects）"),
    (r"an aspect stands twice", "同一要素写了两次"),
    (
        r"needs on_unknown: it may be unknown whether (?P<a>.*) is there",
        "可能不知道有没有 {a}，须写明不明时如何处理（on_unknown）",
    ),
    (r"names no case", "没有写明任何方向（cases）"),
    (r"a case that holds is not unknown", "方向符合时的效果不能是“无法判断”（unknown）"),
    (r"(?:tier: )?'?(?P<a>-?\d+)'? is no level of a hospital \(0 to 3\)", "“{a}”不是医院级别（0 到 3）"),
    (r"states a limit, and says that it was not seen", "既写了天数，又写原文时限未见（limit_known: false）"),
    (
        r"needs on_unclear: the text does not say how to count",
        "原文没有写明如何计算时限，须写明各种算法结论不一时如何处理（on_unclear）",
    ),
    (r"repeats the key of another row", "与另一行重复"),
    (r"includes: '(?P<a>.*)' is no other item of items\.csv", "“包含”栏所写项目“{a}”不在 items.csv 中，或就是它自己"),
    (r"require: (?P<a>.*) belongs to the check 'complete'", "require 栏不能写 {a}，它属于检查 complete"),
    (r"division: '(?P<a>.*)' is no GB/T 2260 division of six digits", "行政区划“{a}”不是 6 位数字（GB/T 2260）"),
    (r"maps_to: '(?P<a>.*)' is not in the common list of refusal reasons", "maps_to 栏“{a}”不在公共原因表中"),
    (r"'(?P<a>[^']*)' is none of (?P<b>.*)", "“{a}”不是可用的写法；可用：{b}"),
    (r"(?P<a>[a-z-]+) is none of (?P<b>.*)", "“{a}”不是可用的写法；可用：{b}"),
    (r"(?P<c>\w+) must lie between 0 and (?P<a>\d+)", "{c} 须在 0 到 {a} 之间"),
    (r"names no field", "没有写明须检查哪些栏目"),
    (r"another person's result must be blocked", "他人的结果必须阻止（block），不能有其他写法"),
    (
        r"an identity in doubt must stay unknown or be blocked",
        "身份存疑时只能是“无法判断”（unknown）或“不予互认”（block）",
    ),
    (r"(?P<a>.*) can never count as final", "状态 {a} 不能算作已审核签发"),
    (r"lacks the check '(?P<a>.*)', which every pack needs", "缺少每个规则包都必须有的检查“{a}”"),
    (r"ends before it begins", "结束日期早于开始日期"),
    (r"is no file of a pack", "不是规则包的文件，请移走或改名"),
    (r"(?P<c>\w+): '(?P<a>.*)' is none of (?P<b>.*)", "{c} 栏“{a}”不对；可用：{b}"),
    (r"(?P<c>require|views): '?(?P<a>.*?)'? is not a valid \w+", "{c} 栏“{a}”不是可用的写法"),
    (r"(?P<c>\w+): empty", "{c} 栏不能空"),
    (r"(?P<c>\w+): '(?P<a>.*)' is not a whole number", "{c} 栏“{a}”不是整数"),
    (r"larger than (?P<a>\d+) bytes", "文件超过 {a} 字节"),
    (r"not UTF-8", "不是 UTF-8 编码；请在表格软件中另存为“CSV UTF-8”或在编辑器中改编码"),
    (
        r"separates cells by '(?P<a>.*)', not by commas",
        "各栏用“{a}”隔开；应当用英文逗号（在表格软件中另存为“CSV UTF-8（逗号分隔）”）",
    ),
    (
        r"(?P<c>\w+): '(?P<a>.*)' was rewritten as a number by a spreadsheet",
        "{c} 栏“{a}”被表格软件改成了数字，后几位已丢失；请把该列设为“文本”后重新填写",
    ),
    (r"is no regular file", "不是普通文件，读不出来"),
    (r"not CSV: (?P<a>.*)", "不是合格的 CSV，多半是英文双引号不配对（{a}）"),
    (r"is empty; it needs at least its header", "文件是空的，至少要有表头"),
    (r"unknown column '(?P<a>.*)'", "不认识的列“{a}”"),
    (r"missing column '(?P<a>.*)'", "缺少列“{a}”"),
    (r"a column is repeated", "有一列重复"),
    (r"(?P<a>\d+) cells where the header has (?P<b>\d+)", "本行有 {a} 格，表头有 {b} 格；多半是漏了或多了逗号"),
    (r"(?P<c>\w+): space around the cell", "{c} 栏前后有空格"),
    (r"repeats the key of line (?P<a>\d+)", "与第 {a} 行重复"),
    (r"a key must be plain text", "字段名必须是普通文字"),
    (r"duplicate key '(?P<a>.*)'", "字段“{a}”写了两次"),
    (r"a value is missing; write null for unknown", "没有写值；不知道就写 null"),
    (r"an alias \(\*\) is not allowed", "不能用别名（*）"),
    (r"an anchor \(&\) is not allowed", "不能用锚点（&）"),
    (r"a tag \(!\) is not allowed", "不能用标签（!）"),
    (r"more than (?P<a>\d+) values", "内容超过 {a} 项"),
    (r"nested deeper than (?P<a>\d+)", "层次超过 {a} 层"),
    (r"not YAML: (?P<a>.*)", "YAML 写法有误：{a}；多半是缩进、冒号后缺空格或引号不配对"),
    (r"(?P<c>\S+): Object missing required field `(?P<a>.*)`", "{c} 处缺少字段“{a}”"),
    (r"(?P<c>\S+): Invalid enum value '?(?P<a>.*?)'?", "{c} 处的“{a}”不是可用的写法"),
    (r"(?P<c>\S+): Expected `(?P<a>.*)`, got `(?P<b>.*)`", "{c} 处应为{a}，实为{b}"),
    (r"the file: Object missing required field `(?P<a>.*)`", "缺少字段“{a}”"),
)
"""Pattern of the loader's words, and the Chinese words with the same values."""

_COMPILED = tuple((re.compile(pattern, re.DOTALL), said) for pattern, said in TRANSLATIONS)


_TYPES = {
    "int": "整数",
    "float": "小数",
    "str": "文字",
    "bool": "true、false",
    "null": "null",
    "array": "列表",
    "object": "“字段: 值”",
}
_TYPE = "|".join(_TYPES)
_TYPED = re.compile(rf"(?:{_TYPE})(?: \| (?:{_TYPE}))*")
_GOT = re.compile(r".*: Expected `(.*)`, got `(.*)`", re.DOTALL)
_ENUM = re.compile(r"(\S+): Invalid enum value .*", re.DOTALL)
_CHOICES: dict[str, type[Enum]] = {
    "effect": Effect,
    "level": Level,
    "certainty": Certainty,
    "list_state": ListState,
    "institutions_state": ListState,
    "anchor": Anchor,
    "count": Count,
    "kinds": ReportKind,
    "force": Force,
}
"""Words that may stand in a field, by its last name but one for ``force.value``."""


def _plain(value: str) -> str:
    """Return the loader's names of types as words; any other text as it is."""
    if value == "\\t":
        return "制表符"
    if not _TYPED.fullmatch(value):
        return value
    *first, last = (_TYPES[name] for name in value.split(" | "))
    if not first:
        return last
    words = "、".join(first) + " 或 " + last
    return f" {words}" if words[0].isascii() else words


def _hint(reason: str) -> str:
    """Say what helps against a value of the wrong type, or which words there are."""
    typed, enum = _GOT.fullmatch(reason), _ENUM.fullmatch(reason)
    if typed is not None:
        wanted, got = typed.groups()
        if got == "int" and "str" in wanted:
            return "；请加英文双引号"
        if got == "str" and "int" in wanted:
            return "；数字不加引号和单位"
        return "；不加引号" if got == "str" and "bool" in wanted else ""
    if enum is not None:
        path = re.sub(r"\[\d+\]", "", enum.group(1)).removesuffix(".value").split(".")
        level = path[-1] == "level" and len(path) > 1  # of a mark: on the report or at the item
        words = None if level else _CHOICES.get(path[-1])
        return f"；可用：{', '.join(str(one.value) for one in words)}" if words is not None else ""
    return ""


def chinese(error: PackError) -> str:
    """Return an error's words in Chinese; the loader's own in quotation where they are not known.

    Example:
        >>> chinese(PackError("repeats the key of line 3", file="items.csv", line=9))
        '与第 3 行重复'
    """
    return translated(error.reason) or f"写法有误：{error.reason}"


def translated(reason: str) -> str | None:
    """Return the loader's words in Chinese; ``None`` where they are not known."""
    for pattern, said in _COMPILED:
        found = pattern.fullmatch(reason)
        if found:
            values = {key: _plain(value) for key, value in found.groupdict().items()}
            return said.format(**values) + _hint(reason)
    return None
