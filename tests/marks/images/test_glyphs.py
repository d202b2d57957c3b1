"""The mark as pixels: all registered characters, upper right, sized by the matrix; the extra named when missing."""

import sys

import pytest

from fhir_hr.errors import MissingExtraError
from fhir_hr.mapping.marks import load_marks
from fhir_hr.marks.images.extra import font_path, load
from fhir_hr.marks.images.glyphs import MIN_HEIGHT, draw, overlay_bytes


def test_the_font_has_every_character_of_every_mark():
    from PIL import ImageFont

    font = ImageFont.truetype(str(font_path()), size=32)
    missing = bytes(font.getmask("\U000e0fff"))
    registry = load_marks()
    letters = {letter for mark in (*registry.marks, *registry.unconfirmed) for letter in mark.text}
    assert len(letters) > 15
    assert [each for each in sorted(letters) if bytes(font.getmask(each)) == missing] == []


@pytest.mark.parametrize(("rows", "columns"), [(512, 512), (64, 64), (3000, 2400), (300, 1000), (1000, 300)])
def test_the_mark_stands_whole_in_the_upper_right(rows, columns):
    drawn = draw("川内HR", rows=rows, columns=columns)
    lit = drawn.on_matrix(drawn.letters)
    ys, xs = lit.nonzero()
    assert ys.max() < rows * (0.1 if min(rows, columns) >= 300 else 0.3)
    assert columns - 1 - xs.max() <= max(3, min(rows, columns) * 0.03)
    assert drawn.height >= MIN_HEIGHT
    assert drawn.letters[:, [0, -1]].sum() == 0, "cut at the left or right"
    assert (drawn.outline | drawn.letters).sum() == drawn.outline.sum() > drawn.letters.sum()


def test_what_could_not_be_read_is_not_drawn():
    assert draw("川内HR", rows=8, columns=8) is None
    assert draw("北京市西城区HR", rows=64, columns=64) is None


def test_overlay_bits_are_those_of_the_letters_and_padded_to_words():
    import numpy

    drawn = draw("川内HR", rows=65, columns=67)
    data = overlay_bytes(drawn, frames=3)
    bits = numpy.unpackbits(numpy.frombuffer(data, dtype="u1"), bitorder="little")[: 3 * 65 * 67].reshape(3, 65, 67)
    assert len(data) % 2 == 0
    assert all((frame == drawn.on_matrix(drawn.letters)).all() for frame in bits)


@pytest.mark.parametrize(
    ("module", "package"),
    [("highdicom.pr", "highdicom"), ("PIL.Image", "PIL"), ("pylopdf_fonts_zh_cn", "pylopdf-fonts-zh-cn")],
)
def test_a_missing_package_names_the_extra(monkeypatch, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fhir-hr\[dicom-marks\]'") as caught:
        font_path() if package.startswith("pylopdf") else load(module)
    assert caught.value.package == package


def test_to_import_the_package_loads_nothing_of_the_extra():
    import subprocess

    code = "import sys, fhir_hr.marks.images as _; print({'pydicom', 'numpy', 'PIL', 'highdicom'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
