from mmtutor import figures
from mmtutor.figures.svg import FILLS
from tests.figures.drawn import check, labels, lines, nodes, words

LAYERS = {
    "picture": (1, 32, 25),
    "stem": (16, 32, 23),
    "stage 1": (16, 32, 19),
    "stage 2, stride 2": (32, 16, 7),
    "stage 3, stride 2": (64, 8, 1),
}


def test_slabs_name_each_layer_its_shape_and_what_is_seen_of_it() -> None:
    svg = check(figures.slabs(LAYERS, "64 numbers: h_I").data)
    for name, (channels, side, seen) in LAYERS.items():
        assert {name, f"{channels} × {side} × {side}"} <= set(labels(svg))
        assert f"one position of the last layer sees {seen} × {seen}" in words(svg)
    assert {"seen: 25 × 25", "one position", "mean over 8 × 8 positions"} <= set(labels(svg))


def test_the_field_is_drawn_on_each_slab_and_joined_to_the_next() -> None:
    svg = check(figures.slabs(LAYERS).data)
    fields = [node for node in nodes(svg, "polygon") if node.get("fill") == FILLS["audio"]]
    assert len(fields) == len(LAYERS)
    assert len(lines(svg, dashed=True)) == 2 * (len(LAYERS) - 1)
    widths = []
    for field in fields:
        (x0, _), (x1, _), *_ = (map(float, p.split(",")) for p in field.get("points", "").split())
        widths.append(x1 - x0)
    assert widths == sorted(widths, reverse=True)


def test_a_field_wider_than_the_picture_ends_with_it() -> None:
    check(figures.slabs({"picture": (3, 16, 25), "stage": (8, 4, 1)}).data)
