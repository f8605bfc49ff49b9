from mmtutor import figures
from mmtutor.figures.svg import FILLS
from tests.figures.drawn import boxes, check, labels, lines, nodes, words


def test_a_transformer_block_has_two_branches_that_add_to_one_stream() -> None:
    svg = check(figures.transformer_block().data)
    assert labels(svg)[0] == "x" and labels(svg)[-1] == "y"
    assert [name for name in labels(svg) if name in ("norm", "attention", "MLP")] == [
        *("norm", "attention"),
        *("norm", "MLP"),
    ]
    assert len(nodes(svg, "circle")) == 2  # a plus sign for each branch
    assert "two plus signs" in words(svg)


def test_each_branch_leaves_the_stream_and_comes_back_to_a_plus_sign() -> None:
    svg = check(figures.transformer_block().data)
    plus = [area for area in boxes(svg) if area.right - area.left == 22]
    stream = (plus[0].left + plus[0].right) / 2
    ends = [points[-1] for points in lines(svg) if len(points) == 3 and points[0][0] != stream]
    assert ends == [(area.right, (area.top + area.bottom) / 2) for area in plus]


def test_attention_mixes_a_row_of_positions_and_the_mlp_a_column_of_features() -> None:
    svg = check(figures.transformer_block().data)
    mixed = [
        (float(cell.get("x", 0)), float(cell.get("y", 0)))
        for cell in nodes(svg, "rect")
        if cell.get("width") == cell.get("height") and cell.get("fill") == FILLS["fusion"]
    ]
    row, column = mixed[:4], mixed[4:]
    assert len({y for _, y in row}) == 1 and len({x for x, _ in row}) == 4
    assert len({x for x, _ in column}) == 1 and len({y for _, y in column}) == 3
