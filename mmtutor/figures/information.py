"""What two modalities tell, as overlapping circles."""

import math

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture

_WIDTH, _HEIGHT = 220, 212
_RADIUS, _APART, _LEVEL = 58, 30, 104  # of the circles; of their middles from the middle; height
_FILLS = {"R": "green", "U_l": "sky", "U_r": "purple", "S": "brown"}


def information(
    redundancy: float,
    uniqueness: tuple[float, float] = (0, 0),
    synergy: float = 0,
    *,
    title: str,
) -> HTML:
    """Return the diagram of what two modalities tell about a label, in bits.

    The left circle is what the left modality tells, the right one what the right tells. They
    overlap in the redundancy R. The frame around them is what both tell together, so synergy S
    lies in the frame and in no circle. An area is filled if there is something in it.

    Args:
        redundancy: R, in bits.
        uniqueness: U_l and U_r, in bits.
        synergy: S, in bits.
        title: what is above the frame.
    """
    amounts = {"U_l": uniqueness[0], "R": redundancy, "U_r": uniqueness[1], "S": synergy}
    picture = Picture(_WIDTH, _HEIGHT, font=13, formulas=True)
    middle = _WIDTH / 2
    picture.text(middle, 16, title)
    fills = {name: COLORS[_FILLS[name]] if _is_some(bits) else "" for name, bits in amounts.items()}
    _areas(picture, fills)
    picture.text(middle - 62, 44, "left")
    picture.text(middle + 62, 44, "right")
    places = {"U_l": middle - 58, "R": middle, "U_r": middle + 58}
    for name, x in places.items():
        picture.text(x, _LEVEL - 4, name)
        picture.text(x, _LEVEL + 14, _short(amounts[name]))
    picture.text(middle, _HEIGHT - 18, f"S {_short(synergy)}")
    told = ", ".join(f"{name} = {_short(bits)}" for name, bits in amounts.items())
    return HTML(
        picture.svg(
            f"{title}: two circles that overlap, left and right, in a frame. Bits in the areas, "
            f"left circle only, overlap, right circle only, frame only: {told}"
        )
    )


def _areas(picture: Picture, fills: dict[str, str]) -> None:
    """Draw the frame, the circles and their overlap, each filled if it has a color."""
    middle = _WIDTH / 2
    reach = math.sqrt(_RADIUS**2 - _APART**2)
    top, foot = f"{middle:g} {_LEVEL - reach:.4g}", f"{middle:g} {_LEVEL + reach:.4g}"
    near = f"A{_RADIUS} {_RADIUS} 0 0"  # the shorter way around a circle
    far = f"A{_RADIUS} {_RADIUS} 0 1"
    frame = f"M6 26 H{_WIDTH - 6} V{_HEIGHT - 4} H6 Z"
    # The frame without the circles, by the rule of even and odd.
    outline = f"M{top} {far} 0 {foot} {far} 0 {top} Z"
    shapes = {
        "S": f"{frame} {outline}",
        "U_l": f"M{top} {far} 0 {foot} {near} 1 {top} Z",
        "U_r": f"M{top} {far} 1 {foot} {near} 0 {top} Z",
        "R": f"M{top} {near} 1 {foot} {near} 1 {top} Z",
    }
    for name, path in shapes.items():
        fill = f'fill="{fills[name]}" fill-opacity="0.35"' if fills[name] else 'fill="none"'
        picture.elements.append(
            f'<path d="{path}" {fill} fill-rule="evenodd" stroke="currentColor"/>'
        )


def _is_some(bits: float) -> bool:
    return bits >= 0.005


def _short(bits: float) -> str:
    """Return an amount with two digits behind the point, and without those that are 0."""
    return f"{max(bits, 0):.2f}".rstrip("0").rstrip(".") if _is_some(bits) else "0"
