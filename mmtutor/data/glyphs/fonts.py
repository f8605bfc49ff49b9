"""Pictures of characters, drawn from the fonts that matplotlib carries."""

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import ft2font
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path as Outline
from matplotlib.transforms import IdentityTransform

from mmtutor.data.about import About
from mmtutor.data.store import Entry

GLYPHS = Entry(
    "glyphs",
    About(
        title="Glyphs and their Unicode names",
        license="DejaVu: Bitstream Vera license, changes in the public domain; STIX: SIL Open "
        "Font License 1.1; names: Unicode License",
        source="matplotlib, which carries the fonts, and Python's unicodedata",
        citation="DejaVu fonts 2.35; STIX fonts 1.0.0; The Unicode Standard",
    ),
)

# The faces and their files. A face is drawn after those above it: see `draw_all`.
FACES = {
    "DejaVu Sans": "DejaVuSans.ttf",
    "DejaVu Sans Bold": "DejaVuSans-Bold.ttf",
    "DejaVu Sans Oblique": "DejaVuSans-Oblique.ttf",
    "DejaVu Sans Bold Oblique": "DejaVuSans-BoldOblique.ttf",
    "DejaVu Sans Mono": "DejaVuSansMono.ttf",
    "DejaVu Sans Mono Bold": "DejaVuSansMono-Bold.ttf",
    "DejaVu Sans Mono Oblique": "DejaVuSansMono-Oblique.ttf",
    "DejaVu Sans Mono Bold Oblique": "DejaVuSansMono-BoldOblique.ttf",
    "DejaVu Serif": "DejaVuSerif.ttf",
    "DejaVu Serif Bold": "DejaVuSerif-Bold.ttf",
    "DejaVu Serif Italic": "DejaVuSerif-Italic.ttf",
    "DejaVu Serif Bold Italic": "DejaVuSerif-BoldItalic.ttf",
    "STIX": "STIXGeneral.ttf",
    "STIX Bold": "STIXGeneralBol.ttf",
    "STIX Italic": "STIXGeneralItalic.ttf",
    "STIX Bold Italic": "STIXGeneralBolIta.ttf",
}

PIXELS = 24  # height and width of a picture
EM = PIXELS / 1.25  # pixels of an em, the height of a line of type: 19.2
BASELINE = EM / 4  # pixels below the line that letters stand on: 4.8


def draw(face: str) -> Iterator[tuple[int, np.ndarray]]:
    """Draw the characters of a face that have a Unicode name and ink, by code point.

    FreeType, in matplotlib, reads the outline in the units of the font, and matplotlib's Agg
    fills it. The pixels of FreeType itself, which Pillow shows too, differ from version to
    version. These are the same to the bit in matplotlib 3.9, 3.10 and 3.11, whose FreeType is
    2.6.1, 2.6.1 and 2.14.3.

    All characters of all faces have one scale, 19.2 pixels for an em, and one baseline. The
    middle of the advance width is in the middle of the picture, so that a left half block and
    a right one stay apart; a glyph without advance, as most combining marks are, has its ink in
    the middle. A glyph that would stick out is moved in, no further than it must be, and only
    one whose ink is larger than the picture is made smaller.

    Args:
        face: a name from `FACES`.

    Yields:
        The code point, and its picture: uint8 `(24, 24)`, how much of each pixel is ink.

    Raises:
        FileNotFoundError: matplotlib does not carry the file.
    """
    font = ft2font.FT2Font(str(_file(face)))
    # The plain outline, in the units of the font: without a size and without hints.
    plain = _flag("NO_SCALE") | _flag("IGNORE_TRANSFORM")
    renderer = RendererAgg(PIXELS, PIXELS, 72)
    ink = np.asarray(renderer.buffer_rgba())[..., 3]
    style = renderer.new_gc()
    style.set_linewidth(0)
    style.set_snap(False)  # a straight stem stays between two pixels if it lies there
    for code in sorted(font.get_charmap()):
        if not _shown(chr(code)):
            continue
        glyph = font.load_char(code, flags=plain)
        points, kinds = font.get_path()
        if len(points) == 0:
            continue
        # Agg's polygon strays from a curve by up to half a unit of the path. That is much in
        # pixels and little in units of the font, by which get_path has divided by 64.
        polygon = Outline(64 * points, kinds).cleaned(curves=False)
        corners, kinds = np.asarray(polygon.vertices), np.asarray(polygon.codes)
        polygon.vertices = _placed(corners, kinds, EM / font.units_per_EM, glyph.horiAdvance)
        renderer.clear()
        renderer.draw_path(style, polygon, IdentityTransform(), (0, 0, 0))
        yield code, ink.copy()


def draw_all() -> dict[str, np.ndarray]:
    """Draw all faces.

    Many faces borrow from another: the arrows of an oblique face are those of the upright one.
    A picture that a face higher up in `FACES` has of the same character, pixel for pixel, is
    left out, so that what a face shows is its own.

    Returns:
        `pictures`: uint8 `(pictures, 24, 24)`, all different. And for each example, by face
        and code point, int64 `(examples,)`: `codepoint`, `face` (an index into `FACES`), and
        `picture` (a row of `pictures`; different characters may share one).
    """
    numbers: dict[bytes, int] = {}
    faces: dict[tuple[int, int], int] = {}
    for face, name in enumerate(FACES):
        for code, ink in draw(name):
            number = numbers.setdefault(ink.tobytes(), len(numbers))
            faces.setdefault((code, number), face)
    pictures = np.frombuffer(bytearray().join(numbers), np.uint8).reshape(-1, PIXELS, PIXELS)
    codepoint, picture = np.array(list(faces), np.int64).T
    face_of = np.array(list(faces.values()), np.int64)
    return {"pictures": pictures, "codepoint": codepoint, "face": face_of, "picture": picture}


def fingerprint() -> str:
    """Return a digest of all that the pictures depend on.

    These are the font files, matplotlib (with its FreeType and Agg), the Unicode tables of this
    Python, and this file.
    """
    digest = hashlib.sha256(f"{matplotlib.__version__} {unicodedata.unidata_version} ".encode())
    for path in (Path(__file__), *map(_file, FACES)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _file(face: str) -> Path:
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", FACES[face])
    if not path.is_file():
        raise FileNotFoundError(
            f"matplotlib {matplotlib.__version__} lacks the font {path}; "
            "reinstall it with pip, whose packages carry all fonts"
        )
    return path


def _flag(name: str) -> Any:
    """Return a flag of FreeType. Matplotlib 3.9 has LOAD_X for what is LoadFlags.X later."""
    flags = getattr(ft2font, "LoadFlags", None)
    return getattr(flags, name) if flags else getattr(ft2font, f"LOAD_{name}")


def _shown(character: str) -> bool:
    """Whether a character has a name and is none that controls, formats, or separates."""
    return unicodedata.category(character)[0] not in "CZ" and bool(unicodedata.name(character, ""))


def _placed(points: np.ndarray, kinds: np.ndarray, scale: float, advance: float) -> np.ndarray:
    """Return where the points `(points, 2)` of a polygon belong, in pixels, y upwards.

    They and the advance, from this origin to the next, are in units of the font, of which
    `scale` is the pixels; `kinds` are matplotlib's path codes.
    """
    # The other codes, which close a polygon, have no point: theirs is a placeholder.
    corners = points[np.isin(kinds, (Outline.MOVETO, Outline.LINETO))]
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = min(scale, PIXELS / (high - low).max())
    middle = advance / 2 if advance else (low[0] + high[0]) / 2
    origin = np.array([PIXELS / 2 - scale * middle, BASELINE])
    low, high = scale * low + origin, scale * high + origin
    origin += np.maximum(-low, 0) - np.maximum(high - PIXELS, 0)
    return scale * points + origin
