"""One FSH source for two releases: line prefixes and placeholders.

A line that starts with ``{{R4}}`` or ``{{R5}}`` belongs to that release only; ``{{word}}`` elsewhere is
replaced by the setting of that name. Both forms are the ones of HL7 Europe's imaging guide.
"""

from __future__ import annotations

import re
from pathlib import Path

_PREFIX = re.compile(r"^\{\{(R\d)\}\}")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def prepare_text(text: str, *, release: str, settings: dict[str, str], name: str) -> str:
    r"""Return `text` as it stands for one release.

    Args:
        text: source with prefixes and placeholders.
        release: ``R4`` or ``R5``.
        settings: value of each placeholder.
        name: file name for the message of an error.

    Raises:
        ValueError: a placeholder that no setting names.

    >>> prepare_text("a {{v}}\n{{R4}}b\n{{R5}}c\n", release="R5", settings={"v": "1"}, name="x")
    'a 1\nc\n'
    """
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        prefix = _PREFIX.match(line)
        if prefix and prefix.group(1) != release:
            continue
        body = line[prefix.end() :] if prefix else line
        unknown = [word for word in _PLACEHOLDER.findall(body) if word not in settings]
        if unknown:
            raise ValueError(f"{name}:{number}: no setting named {unknown[0]!r}")
        lines.append(_PLACEHOLDER.sub(lambda match: settings[match.group(1)], body))
    return "\n".join(lines) + "\n"


def prepare_project(source: Path, target: Path, *, release: str, settings: dict[str, str]) -> None:
    """Write a SUSHI project for one release into `target`.

    Args:
        source: folder with ``sushi-config.yaml`` and ``fsh/**/*.fsh``.
        target: empty folder.
        release: ``R4`` or ``R5``.
        settings: value of each placeholder.
    """
    # In the configuration every value is quoted as JSON, which YAML reads as the same string.
    quoted = {key: _yaml_string(value) for key, value in settings.items() if "\n" not in value}
    config = source / "sushi-config.yaml"
    text = prepare_text(config.read_text("utf-8"), release=release, settings=quoted, name=config.name)
    (target / "sushi-config.yaml").write_text(text, "utf-8")
    folder = target / "input" / "fsh"
    folder.mkdir(parents=True)
    for path in sorted((source / "fsh").rglob("*.fsh")):
        text = prepare_text(path.read_text("utf-8"), release=release, settings=settings, name=path.name)
        (folder / path.name).write_text(text, "utf-8")


def _yaml_string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
