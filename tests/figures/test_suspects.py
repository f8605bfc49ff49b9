from mmtutor import figures
from mmtutor.figures.style import COLORS
from tests.figures.drawn import check, labels, nodes, words

ROWS = {"vanishing": "measure the gradient in every block", "bad luck": "try five seeds"}


def test_the_map_names_the_case_and_below_it_each_suspect_with_its_test() -> None:
    svg = check(figures.suspects("deep is worse", ROWS).data)
    named = ["deep is worse", "1", "vanishing", "measure the gradient in every block"]
    assert labels(svg) == [*named, "2", "bad luck", "try five seeds"]
    assert words(svg).startswith(
        "deep is worse. 1, vanishing: measure the gradient in every block; 2,"
    )


def test_a_verdict_stands_in_place_of_the_test_and_strikes_out_who_is_cleared() -> None:
    verdicts = {"vanishing": ("yes", "it is gone"), "bad luck": ("cleared", "the same five times")}
    svg = check(figures.suspects("deep is worse", ROWS, verdicts).data)
    assert {"yes: it is gone", "cleared: the same five times"} <= set(labels(svg))
    struck = [node.text for node in nodes(svg, "text") if node.get("text-decoration")]
    assert struck == ["bad luck"]
    colors = [node.get("stroke") for node in nodes(svg, "circle")]
    assert colors == [COLORS["orange"], COLORS["gray"]]


def test_names_are_escaped() -> None:
    assert "a &lt; b" in figures.suspects("case", {"a < b": "compare"}).data
