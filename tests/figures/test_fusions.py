import re
from collections import Counter

import pytest

from mmtutor import figures, fusion
from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import FILLS
from tests.figures.drawn import boxes, check, labels, nodes, words

PACKAGED = [
    name
    for name in fusion.__all__
    if isinstance(kind := getattr(fusion, name), type)
    and issubclass(kind, fusion.Fusion)
    and kind is not fusion.Fusion
]


def drawn(name: str):
    return check(figures.fusion_flow(name).data)


def test_there_are_nine_fusions() -> None:
    assert len(PACKAGED) == 9


@pytest.mark.parametrize("name", PACKAGED)
def test_every_fusion_of_the_package_has_a_diagram_in_which_nothing_collides(name: str) -> None:
    svg = drawn(name)
    assert {"hI", "hT", "z"} <= set(labels(svg))
    assert {"h_I", "h_T", "z"} <= set(re.findall(r"\w+", words(svg)))


@pytest.mark.parametrize("name", PACKAGED)
def test_the_vectors_stand_at_the_same_place_in_all_diagrams(name: str) -> None:
    assert boxes(drawn(name))[:8] == boxes(drawn("SumFusion"))[:8]  # five numbers and three
    assert drawn(name).get("viewBox").split()[2] == "220"


@pytest.mark.parametrize("name", PACKAGED)
def test_a_name_a_class_and_a_module_give_the_same_diagram(name: str) -> None:
    kind = getattr(fusion, name)
    module = kind({"image": 5, "text": 3}, 7)
    one, two, three = (figures.fusion_flow(each).data for each in (name, kind, module))
    assert one == two == three


def test_all_diagrams_differ() -> None:
    assert len({figures.fusion_flow(name).data for name in PACKAGED}) == 9


def operators(name: str) -> Counter[str]:
    """Count the products element by element, the outer products and the sums of a diagram."""
    svg = drawn(name)
    dots = sum(node.get("r") == "2.5" for node in nodes(svg, "circle"))
    signs = [node.get("d", "") for node in nodes(svg, "path")]
    outer = sum("l10 10" in sign for sign in signs)
    plus = sum("h12" in sign for sign in signs)
    return Counter({"⊙": dots, "⊗": outer, "+": plus})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SumFusion", {"+": 1}),
        ("SharedRepresentation", {"+": 1}),
        ("GatedFusion", {"⊙": 2, "+": 1}),
        ("FiLMFusion", {"⊙": 1, "+": 1}),
        ("TensorFusion", {"⊗": 1}),
        ("LowRankFusion", {"⊙": 1}),
        ("ResidualFusion", {"⊙": 1, "+": 1}),
        ("CrossAttentionFusion", {"+": 4}),  # two shortcuts for each modality
        ("BottleneckFusion", {}),
    ],
)
def test_the_operators_are_those_of_the_formula(name: str, expected: dict[str, int]) -> None:
    assert +operators(name) == Counter(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SharedRepresentation", ["W0", "norm", "W1, relu", "W2", "relu"]),
        ("GatedFusion", ["WI", "tanh", "V", "σ", "WT", "tanh", "a", "1 − a"]),
        ("FiLMFusion", ["W", "V", "1 + γ", "β"]),
        ("LowRankFusion", ["WI(i)", "WT(i)", "i = 1, …, r"]),
        ("ResidualFusion", ["H", "W", "Wq, tanh", "W1, tanh", "W2, tanh"]),
        ("CrossAttentionFusion", ["q", "k, v", "null", "attention", "MLP", "XI", "YT"]),
        ("BottleneckFusion", ["B", "B'", "transformer", "mean"]),
    ],
)
def test_the_labels_are_the_symbols_of_the_page(name: str, expected: list[str]) -> None:
    assert set(expected) <= set(labels(drawn(name)))


def test_the_outer_product_has_a_cell_for_each_pair_and_each_number_alone() -> None:
    kinds = Counter(node.get("fill") for node in nodes(drawn("TensorFusion"), "rect"))
    # Above and beside the table: h_I twice, h_T twice; W; seven numbers of z.
    assert kinds[FILLS["image"]] == 5 + 5 + 5
    assert kinds[FILLS["text"]] == 3 + 3 + 3
    assert kinds[FILLS["joint"]] == 15 + 1 + 7
    assert kinds["none"] == 3  # the appended ones, and their product


def test_the_modalities_meet_only_through_the_bottleneck() -> None:
    svg = drawn("BottleneckFusion")
    assert labels(svg).count("transformer") == 4  # two layers
    cells = Counter(node.get("fill") for node in nodes(svg, "rect") if node.get("height") == "16")
    assert cells == {COLORS["sky"]: 8, COLORS["purple"]: 8, COLORS["brown"]: 4}


@pytest.mark.parametrize("wrong", ["Sum", fusion.Fusion, object()])
def test_what_has_no_diagram_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="SumFusion, SharedRepresentation.*got"):
        figures.fusion_flow(wrong)  # type: ignore[arg-type]


def test_diagrams_side_by_side_may_be_narrow() -> None:
    two = figures.beside(*(figures.fusion_flow(name) for name in PACKAGED[:2]), width=220).data
    assert two.count("flex:0 1 220px") == 2


def test_other_modalities_change_letters_and_colors_and_words() -> None:
    svg = check(figures.fusion_flow("GatedFusion", ("audio", "image")).data)
    assert {"hA", "hI", "WA", "WI"} <= set(labels(svg))
    assert not {"hT", "WT"} & set(labels(svg))
    assert "The audio's side is multiplied by a, the image's by 1 − a" in words(svg)
    assert {FILLS["audio"], FILLS["image"]} <= {node.get("fill") for node in nodes(svg, "rect")}
    with pytest.raises(ValueError, match="two of image, text, audio, video; got"):
        figures.fusion_flow("GatedFusion", ("audio", "smell"))
