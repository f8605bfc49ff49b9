"""The paths through a chain of residual blocks: at each block, the shortcut or the branch."""

from itertools import combinations

from IPython.display import HTML

from mmtutor.figures.svg import FILLS, Picture

_WIDTH, _LEFT, _RIGHT = 340, 98, 276  # of the picture; where the paths begin and end
_CHAIN, _TOP, _ROW = 52, 96, 26  # height of the chain, of the first path, and from path to path
_BOX, _HIGH = 26, 20  # width and height of a branch
_MOST = 4


def paths(blocks: int, *, without: int | None = None) -> HTML:
    """Return the diagram of a chain of residual blocks, and of the 2**blocks paths in it.

    At each block a path takes the shortcut or the branch F. All paths stand below the chain, the
    shortest first. Their sum is y if the branches are linear.

    Args:
        blocks: length of the chain, 1 to 4.
        without: the number of a block, from 1 on, that is deleted: the paths through its branch,
            half of all, are drawn faintly.

    Raises:
        ValueError: too few blocks, too many to draw, or no block of that number.

    Source: Veit, Wilber and Belongie 2016, *Residual networks behave like ensembles of
    relatively shallow networks*, who call it the unraveled view.
    """
    if not 1 <= blocks <= _MOST:
        raise ValueError(f"paths are drawn for 1 to {_MOST} blocks, got {blocks}")
    if without is not None and not 1 <= without <= blocks:
        raise ValueError(f"without must be the number of a block, 1 to {blocks}; got {without}")
    numbers = range(1, blocks + 1)
    taken = [branches for count in (0, *numbers) for branches in combinations(numbers, count)]
    foot = _TOP + _ROW * (len(taken) - 1)
    picture = Picture(_WIDTH, foot + 40, font=12, formulas=True)
    step = (_RIGHT - _LEFT) / blocks
    columns = [_LEFT + step * (number - 0.5) for number in numbers]
    _chain(picture, columns, without)
    for row, branches in enumerate(taken):
        y = _TOP + _ROW * row
        if row == 0 or len(branches) > len(taken[row - 1]):
            picture.text(4, y + 4, _branches(len(branches)), "start", size=11)
        stops = [(columns[number - 1], number) for number in branches]
        _way(picture, y, _LEFT, _RIGHT, stops, is_dead=without in branches)
    _ends(picture, foot)
    count = f"{len(taken)} paths"
    if without:
        count = f"{len(taken) // 2} of {count} are left without F_{without}"
    picture.text((_LEFT + _RIGHT) / 2, foot + 32, count)
    return HTML(picture.svg(_in_words(blocks, count)))


def _branches(count: int) -> str:
    return f"{count} branch{'' if count == 1 else 'es'}"


def _chain(picture: Picture, columns: list[float], without: int | None) -> None:
    """Draw the blocks one after another, each with its shortcut above and a sum at its end."""
    picture.text(_LEFT - 8, _CHAIN + 4, "x", "end")
    start: float = _LEFT
    for number, x in enumerate(columns, start=1):
        fork, plus = x - _BOX / 2 - 4, x + _BOX / 2 + 9
        picture.line((start, _CHAIN), (fork, _CHAIN))
        picture.line((fork, _CHAIN), (fork, _CHAIN - 26), (plus, _CHAIN - 26), (plus, _CHAIN - 5))
        _way(picture, _CHAIN, fork, plus - 5, [(x, number)], is_dead=number == without)
        picture.elements.append(
            f'<circle cx="{plus:g}" cy="{_CHAIN}" r="5" fill="none" stroke="currentColor"/>'
            f'<path d="M{plus - 3:g} {_CHAIN} h6 M{plus:g} {_CHAIN - 3} v6" stroke="currentColor"/>'
        )
        start = plus + 5
    picture.arrow((start, _CHAIN), (_RIGHT + 42, _CHAIN))
    picture.text(_RIGHT + 47, _CHAIN + 4, "y", "start")


def _way(
    picture: Picture,
    y: float,
    start: float,
    end: float,
    stops: list[tuple[float, int]],
    *,
    is_dead: bool,
) -> None:
    """Draw a line at the height y with branches F on it, each given by its place and number."""
    picture.elements.append(f'<g opacity="{0.35 if is_dead else 1}">')
    for x, number in stops:
        picture.line((start, y), (x - _BOX / 2, y), dashed=is_dead)
        picture.elements.append(
            f'<rect x="{x - _BOX / 2:g}" y="{y - _HIGH / 2:g}" width="{_BOX}" height="{_HIGH}" '
            f'rx="4" fill="{FILLS["conv"]}" fill-opacity="0.3" stroke="{FILLS["conv"]}"/>'
        )
        picture.text(x, y + 3, f"F_{number}")
        start = x + _BOX / 2
    picture.line((start, y), (end, y), dashed=is_dead)
    picture.elements.append("</g>")


def _ends(picture: Picture, foot: float) -> None:
    """Draw where all paths come from, and their sum."""
    middle = (_TOP + foot) / 2
    picture.text(_LEFT - 14, middle + 4, "x", "end")
    picture.line((_LEFT - 11, middle), (_LEFT, middle))
    picture.line((_LEFT, _TOP), (_LEFT, foot))
    picture.line((_RIGHT, _TOP), (_RIGHT, foot))
    picture.arrow((_RIGHT, middle), (_RIGHT + 12, middle))
    picture.plus(_RIGHT + 23, middle)
    picture.line((_RIGHT + 34, middle), (_RIGHT + 42, middle))
    picture.text(_RIGHT + 47, middle + 4, "y", "start")


def _in_words(blocks: int, count: str) -> str:
    chain = f"A chain of {blocks} block{'' if blocks == 1 else 's'} from x to y"
    return (
        f"{chain}: at each, a shortcut leads around a branch F, and both are added. Below, the "
        f"{2**blocks} paths side by side, from x to a sum, which is y if the branches are linear: "
        "one path for each choice of the shortcut or the branch at every block, from the one "
        f"without any branch to the one through all {blocks}. {count}"
    )
