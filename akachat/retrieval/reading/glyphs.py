"""The characters of a PDF's page with the square that each fills, turned the way the page is shown.

PDFium's own boxes fit the ink where a font says nothing of its height (Chromium's do), so that the place of a character
is told by its origin and its type size. Every character costs some calls into PDFium: this is where the time goes.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pypdfium2.raw as pdfium

from akachat.retrieval.reading.layout import Glyph

__all__ = ["glyphs_of", "turned"]

_SKIPPED = {0, 10, 13}
#: A hyphen at a line's end, as PDFium and soft ones are written.
_HYPHENS = {0x02, 0xAD, 0xFFFE}
#: How far a line of type reaches above and below its base, in units of its size.
_ABOVE, _BELOW = 0.88, 0.12


def turned(x: float, y: float, rotation: int) -> tuple[float, float]:
    """A point as the page is shown, with y downwards."""
    if rotation == 0:
        return x, -y
    if rotation == 90:
        return y, x
    return (-x, y) if rotation == 180 else (-y, -x)


def glyphs_of(raw: Any, rotation: int) -> list[Glyph]:
    """All characters in the order of the page's stream; spaces have no place, and made-up ones no size."""
    box, matrix, x, y = pdfium.FS_RECTF(), pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    box_at, matrix_at, x_at, y_at = (ctypes.byref(value) for value in (box, matrix, x, y))
    get_code, get_size, get_matrix = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetFontSize, pdfium.FPDFText_GetMatrix
    get_box, get_origin = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharOrigin
    found: list[Glyph] = []
    last: tuple[float, ...] = ()
    size = em = 0.0
    turn = high = 0
    for at in range(pdfium.FPDFText_CountChars(raw)):
        code = get_code(raw, at)
        if code in _SKIPPED:
            continue
        if 0xD800 <= code < 0xE000:
            if code < 0xDC00:
                high = code
                continue
            code, high = (0x10000 + ((high - 0xD800) << 10) + code - 0xDC00 if high else 0xFFFD), 0
        char = "-" if code in _HYPHENS else chr(code)
        if char.isspace():
            made = pdfium.FPDFText_IsGenerated(raw, at)
            found.append(Glyph(char if code == 0x3000 else " ", 0, 0, 0, 0, 0 if made else 1))
            continue
        get_matrix(raw, at, matrix_at)
        type_ = (get_size(raw, at), matrix.a, matrix.b, matrix.c, matrix.d)
        if type_ != last:
            last = type_
            size, em, turn = _type(*type_, rotation)
        if not (size and em):
            continue
        get_origin(raw, at, x_at, y_at)
        get_box(raw, at, box_at)
        if rotation == 0:
            left, top, right, bottom = box.left, -box.top, box.right, -box.bottom
            found.append(_glyph(char, x.value, -y.value, left, top, right, bottom, size, em, turn))
        else:
            one, two = turned(box.left, box.bottom, rotation), turned(box.right, box.top, rotation)
            edges = min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1])
            found.append(_glyph(char, *turned(x.value, y.value, rotation), *edges, size, em, turn))
    return found


def _type(points: float, a: float, b: float, c: float, d: float, rotation: int) -> tuple[float, float, int]:
    """The height and the width of the type, and whether it lies on its side: 1 reads downwards, -1 upwards."""
    along = turned(a, b, rotation)
    turn = 0 if abs(along[1]) <= abs(along[0]) else 1 if along[1] > 0 else -1
    return abs(points) * math.hypot(c, d), abs(points) * math.hypot(a, b), turn


def _glyph(
    char: str,
    x: float,
    y: float,
    left: float,
    top: float,
    right: float,
    bottom: float,
    size: float,
    em: float,
    turn: int,
) -> Glyph:
    wide = "\u2e80" <= char <= "\uff60" or char > "\uffff"
    if turn:
        end = (y + turn * em) if wide else (bottom if turn > 0 else top)
        return Glyph(char, x - _BELOW * size, min(y, end), x + _ABOVE * size, max(y, end), size, turn)
    if wide:
        if abs(bottom - top - size) < 0.05 * size and abs(right - left - em) < 0.05 * em:
            return Glyph(char, left, top, right, bottom, size)
        return Glyph(char, x, y - _ABOVE * size, x + em, y + _BELOW * size, size)
    return Glyph(char, x, y - _ABOVE * size, max(right, x + 0.2 * em), y + _BELOW * size, size)
