"""A kernel as a cube that goes through the frames of a video."""

from collections.abc import Iterator

from IPython.display import HTML

from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import Picture, Point

_FRAMES, _CELLS = 5, 5  # frames of the video; rows and columns of a frame
_FIRST, _PITCH = 8, 67  # of the first frame, from frame to frame
_RIGHT, _UP, _DOWN = 9.0, 4.0, 13.0  # a step of one column goes right and up, one row goes down
_ABOVE, _BELOW = 48, 168  # where the frames of input and output begin
_SLICES = ("orange", "purple", "green")  # the slices of the kernel, from before to after


def kernel_cube(frame: int = 2, row: int = 2, column: int = 3) -> HTML:
    """Return the diagram of a 3×3×3 kernel at one place of a video of five frames.

    The cube covers a square of pixels in three frames, and gives one pixel of the output.

    Args:
        frame: number of the frame in which the cube has its middle, 2 to 4.
        row: likewise of the row, from the top.
        column: likewise of the column, from the left.

    Raises:
        ValueError: the cube would reach beyond the video.
    """
    if not all(2 <= place <= 4 for place in (frame, row, column)):
        raise ValueError(
            "the cube stays within 5 frames of 5×5 pixels: give 2, 3 or 4 three times, "
            f"got {frame}, {row} and {column}"
        )
    picture = Picture(340, 276, font=12, formulas=True)
    picture.text(_FIRST, 16, "video", "start")
    picture.text(_FIRST, _BELOW - 24, "output", "start")
    for number in range(1, _FRAMES + 1):
        _grid(picture, number, _ABOVE)
        _grid(picture, number, _BELOW)
        picture.text(_at(number, 2.5, 0, 0)[0], _BELOW + 82, f"{number}")
    rows, columns = (row - 2, row + 1), (column - 2, column + 1)
    corners = [(rows[i], columns[j]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    for a, b in ((0, 1), (1, 2)):  # the cube's top, and its side at the back
        face = [(frame - 1, a), (frame - 1, b), (frame + 1, b), (frame + 1, a)]
        places = [_at(at, corners[i][1], corners[i][0], _ABOVE) for at, i in face]
        _patch(picture, places, "gray", opacity=0.25)
    for step, color in zip((-1, 0, 1), _SLICES, strict=True):
        _patch(picture, [_at(frame + step, c, r, _ABOVE) for r, c in corners], color)
    for r, c in corners:
        picture.line(_at(frame - 1, c, r, _ABOVE), _at(frame + 1, c, r, _ABOVE))
    middle = [(row - 1, column - 1), (row - 1, column), (row, column), (row, column - 1)]
    _patch(picture, [_at(frame, c, r, _BELOW) for r, c in middle], "sky", opacity=0.9)
    end = _at(frame, column - 0.5, row - 0.5, _BELOW)
    picture.arrow(_at(frame, column - 0.5, row + 1, _ABOVE), (end[0], end[1] - 8))
    picture.text(_at(3, 2.5, 0, 0)[0], 268, "frame", size=11)
    return HTML(
        picture.svg(
            f"Five frames of five by five pixels, one behind the other. A cube of three by three "
            f"pixels in frames {frame - 1}, {frame} and {frame + 1} has its middle in row {row}, "
            f"column {column}; an arrow leads from it to the one pixel of the output at that place "
            f"in frame {frame}"
        )
    )


def _at(frame: int, column: float, row: float, top: float) -> Point:
    """Return where a corner of the grid of a frame lies in the picture."""
    x = _FIRST + _PITCH * (frame - 1) + _RIGHT * column
    return x, top - _UP * column + _DOWN * row


def _grid(picture: Picture, frame: int, top: float) -> None:
    """Draw a frame with thin lines between its pixels."""
    path = "".join(f"M{x0:g} {y0:g}L{x:g} {y:g}" for (x0, y0), (x, y) in _lines(frame, top))
    picture.elements.append(
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="0.6" '
        'stroke-opacity="0.6"/>'
    )


def _lines(frame: int, top: float) -> Iterator[tuple[Point, Point]]:
    for place in range(_CELLS + 1):
        yield _at(frame, 0, place, top), _at(frame, _CELLS, place, top)
        yield _at(frame, place, 0, top), _at(frame, place, _CELLS, top)


def _patch(picture: Picture, corners: list[Point], color: str, opacity: float = 0.55) -> None:
    """Fill a piece of a frame."""
    points = " ".join(f"{x:g},{y:g}" for x, y in corners)
    picture.elements.append(
        f'<polygon points="{points}" fill="{COLORS[color]}" fill-opacity="{opacity}" '
        f'stroke="{COLORS[color]}"/>'
    )
