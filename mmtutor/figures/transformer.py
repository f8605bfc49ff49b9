"""A block of a transformer: a stream, and two branches that read it and add to it."""

from IPython.display import HTML

from mmtutor.figures.svg import FILLS, Picture

_WIDTH, _STREAM, _BRANCH, _GRID = 340, 58, 172, 292  # of the picture; middles of its columns
_BOX, _HIGH = 104, 28  # width and height of a layer
_CELL, _POSITIONS, _FEATURES = 12, 4, 3  # of the small table beside a branch
_FIRST, _STEP = 56, 138  # where the first branch leaves the stream; from branch to branch


def transformer_block() -> HTML:
    """Return the diagram of one block of a transformer, from x at the top to y at the bottom.

    The stream is the upright line on the left. Beside each branch a small table, with a column
    for each position and a row for each feature, shows along which axis it mixes numbers.

    Source: Vaswani et al. 2017, *Attention is all you need*, in the form of Xiong et al. 2020,
    with the normalizations inside the branches.
    """
    foot = _FIRST + 2 * _STEP
    picture = Picture(_WIDTH, foot + 62)
    picture.frame(8, _FIRST - 16, _WIDTH - 16, foot - _FIRST + 14)
    picture.text(_STREAM, 18, "x")
    picture.text(_STREAM + 16, 18, "one vector for each position", "start", size=12)
    start: float = 26
    for number, (layer, kind, axis) in enumerate(
        (("attention", "conv", "positions"), ("MLP", "head", "features"))
    ):
        top = _FIRST + _STEP * number
        _branch(picture, top, layer, kind)
        _table(picture, top + 14, axis)
        plus = top + _STEP - 26
        picture.arrow((_STREAM, start), (_STREAM, plus - 11))
        picture.plus(_STREAM, plus)
        start = plus + 11
    picture.arrow((_STREAM, start), (_STREAM, foot + 34))
    picture.text(_WIDTH - 18, foot + 16, "one block, of several", "end", size=12)
    picture.text(_STREAM, foot + 52, "y")
    return HTML(
        picture.svg(
            "One block of a transformer. The stream, an upright line from x to y with one vector "
            "for each position, passes two plus signs. To the first, a branch of norm and "
            "attention leads from the stream and back; it mixes positions: a row of a small "
            "table. To the second, a branch of norm and MLP; it mixes features: a column"
        )
    )


def _branch(picture: Picture, top: float, layer: str, kind: str) -> None:
    """Draw a branch that leaves the stream at a height and comes back to it."""
    first, second = top + 14, top + 14 + _HIGH + 16
    picture.arrow((_STREAM, top), (_BRANCH, top), (_BRANCH, first))
    picture.box(_BRANCH, first, "norm", "norm", _BOX, _HIGH)
    picture.arrow((_BRANCH, first + _HIGH), (_BRANCH, second))
    picture.box(_BRANCH, second, layer, kind, _BOX, _HIGH)
    back = top + _STEP - 26
    picture.arrow((_BRANCH, second + _HIGH), (_BRANCH, back), (_STREAM + 11, back))


def _table(picture: Picture, top: float, axis: str) -> None:
    """Draw a table of positions by features, one row or one column of which is mixed."""
    left = _GRID - _CELL * _POSITIONS / 2
    for column in range(_POSITIONS):
        for row in range(_FEATURES):
            mixed = row == 1 if axis == "positions" else column == 1
            fill = FILLS["fusion"] if mixed else "none"
            picture.elements.append(
                f'<rect x="{left + _CELL * column:g}" y="{top + _CELL * row:g}" width="{_CELL}" '
                f'height="{_CELL}" fill="{fill}" fill-opacity="0.5" stroke="currentColor"/>'
            )
    below = top + _CELL * _FEATURES
    picture.text(_GRID, below + 20, "mixes", size=12)
    picture.text(_GRID, below + 35, axis, size=12)
