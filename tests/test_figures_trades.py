import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures

matplotlib.use("Agg")


pytestmark = pytest.mark.usefixtures("no_window")

METHODS = {"plain": ([0.9, 0.7], [0.1, 0.3]), "weights": ([0.6, 0.6], [0.5, 0.7])}
CURVE = ([0.8, 0.7, 0.4], [0.2, 0.3, 0.35])
AXES = {"line": "shifted", "xlabel": "frequent", "ylabel": "rare"}


def points(line) -> list[tuple[float, float]]:
    return [(round(float(x), 6), round(float(y), 6)) for x, y in zip(*line.get_data(), strict=True)]


def test_the_curve_and_the_means_have_names_and_all_runs_are_seen() -> None:
    figures.trades(METHODS, CURVE, **AXES)
    (axis,) = plt.gcf().axes
    named = {
        line.get_label(): points(line)
        for line in axis.lines
        if not str(line.get_label()).startswith("_")
    }
    assert named == {
        "shifted": [(0.8, 0.2), (0.7, 0.3), (0.4, 0.35)],
        "plain": [(0.8, 0.2)],
        "weights": [(0.6, 0.6)],
    }
    runs = [points(line) for line in axis.lines if str(line.get_label()).startswith("_")]
    assert runs == [[(0.9, 0.1), (0.7, 0.3)], [(0.6, 0.5), (0.6, 0.7)]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("frequent", "rare")


def test_methods_differ_in_color_and_in_marker() -> None:
    figures.trades(METHODS, CURVE, **AXES)
    (axis,) = plt.gcf().axes
    means = [line for line in axis.lines if line.get_label() in METHODS]
    assert len({line.get_color() for line in means}) == 2
    assert len({line.get_marker() for line in means}) == 2


def test_steps_are_written_where_they_lie() -> None:
    figures.trades(METHODS, CURVE, steps={"τ = 0": 0, "τ = 2": 2}, **AXES)
    (axis,) = plt.gcf().axes
    assert {text.get_text(): text.xy for text in axis.texts} == {
        "τ = 0": (0.8, 0.2),
        "τ = 2": (0.4, 0.35),
    }


def test_too_many_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 6 methods"):
        figures.trades({str(n): ([0.1], [0.1]) for n in range(7)}, CURVE, **AXES)
