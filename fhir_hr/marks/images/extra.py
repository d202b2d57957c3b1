"""What the extra ``dicom-marks`` installs, loaded where it is used; without it nothing here draws."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fhir_hr.errors import MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["EXTRA", "font_path", "load"]

EXTRA = "dicom-marks"
_FONTS = "pylopdf-fonts-zh-cn"


def load(module: str, *, package: str | None = None) -> ModuleType:
    """Import a module of the extra.

    Raises:
        MissingExtraError: its package is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        raise MissingExtraError(package=package or module.split(".", maxsplit=1)[0], extra=EXTRA) from missing


def font_path() -> Path:
    """Return the file of Noto Sans SC (SIL Open Font License 1.1), which has the characters of every registered mark.

    Raises:
        MissingExtraError: the package with the font is not installed.
    """
    fonts: Any = load("pylopdf_fonts_zh_cn", package=_FONTS)
    return Path(fonts.sans_path())
