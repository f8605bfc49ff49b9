"""What all plots share."""

import pytest

from mmtutor import figures
from mmtutor.figures import style

SEVEN = {str(n): [1.0, 2.0] for n in range(7)}


def test_six_series_differ_in_color_and_in_marker() -> None:
    six = list(style.series({str(n): n for n in range(6)}))
    assert [(label, thing) for label, thing, _, _ in six] == [(str(n), n) for n in range(6)]
    assert len({color for *_, color, _ in six}) == len({marker for *_, marker in six}) == 6


@pytest.mark.usefixtures("no_window")
def test_no_series_is_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        figures.speedups({"image": SEVEN}, [1, 2])
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        figures.roofline({name: (1.0, 2.0) for name in SEVEN}, rate=1e9, bandwidth=1e9)
    with pytest.raises(ValueError, match="at most 6 series can be told apart; got 7"):
        points = {name: {"a": (1.0, 0.5)} for name in SEVEN}
        figures.pareto(points, xlabel="cost", ylabel="score")
