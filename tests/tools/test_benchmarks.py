"""Benchmarks compare like with like, and the book shows what they measured."""

import json

import pytest
import torch

from benchmarks import costs, loops, mnist, timing
from benchmarks.networks import networks
from mmtutor import data
from mmtutor.blocks import ResidualBlock
from tools.costs import RESULTS, TABLE, table


def test_the_ratio_is_the_median_of_the_rounds_not_the_ratio_of_medians() -> None:
    # Round by round 2/1, 3/6, 8/2: the ratios are 2, 0.5, 4, with the median 2.
    row = timing.row("x", {"ours": [2.0, 3.0, 8.0], "theirs": [1.0, 6.0, 2.0]}, "≤ 1")
    assert row.ratio == 2
    assert (row.ours, row.theirs) == ("3 s", "2 s")


@pytest.mark.parametrize(
    ("duration", "words"), [(12.345, "12.3 s"), (1.0, "1 s"), (0.01234, "12.3 ms")]
)
def test_durations_are_shown_with_three_digits(duration: float, words: str) -> None:
    assert timing.show(duration) == words


def test_rivals_take_turns_and_change_places() -> None:
    calls: list[str] = []
    rivals = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    times = timing.compare(rivals, rounds=2)
    assert "".join(calls) == "ab" + "ab" + "ba"
    assert [len(values) for values in times.values()] == [2, 2]


def test_fit_and_the_bare_loop_take_the_same_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = loops.MultiModalNet

    def remember() -> torch.nn.Module:
        made.append(original())
        return made[-1]

    monkeypatch.setattr(loops, "MultiModalNet", remember)
    digits = data.digits("train", ["image", "text"]).subset(range(130))
    loops.fit_epoch(digits)
    loops.bare_epoch(digits)
    ours, theirs = made
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)


def test_both_loaders_load_the_same_examples() -> None:
    digits = data.digits("train", ["image", "text"]).subset(range(20))
    inputs, target = loops.Items(digits)[3]
    expected, targets = digits[[3]]
    assert torch.equal(target, targets[0])
    assert all(torch.equal(inputs[name], expected[name][0]) for name in expected)


def test_the_two_resnets_compute_the_same() -> None:
    ours, theirs = (network.eval() for network in networks())
    x = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(ours(x), theirs(x))


def test_the_reader_of_mnist_shifts_pictures_only_in_training() -> None:
    corner = torch.zeros(2, 1, 28, 28)
    corner[:, :, 1, 1] = 1.0  # outside the middle 24 × 24, inside if shifted up and left
    reader, empty = mnist.Reader(ResidualBlock).eval(), {"image": torch.zeros(2, 1, 28, 28)}

    def seen() -> int:
        return sum(not torch.equal(reader({"image": corner}), reader(empty)) for _ in range(200))

    assert seen() == 0
    reader.train()
    for layer in reader.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()
    assert 0 < seen() < 100  # one shift of nine sees the corner: about 22 times


def test_a_fusion_beyond_its_own_limit_ends_its_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    def quickly(works: dict, rounds: int = 1) -> dict[str, float]:
        return dict.fromkeys(works, 1.0)

    monkeypatch.setattr(costs, "milliseconds", quickly)
    monkeypatch.setattr(costs, "FUSIONS", {"tensor": costs.FUSIONS["tensor"]})
    curves = costs._fusions("modalities", [2, 3, 5])
    assert curves["tensor"]["x"] == [2.0, 3.0]  # 64 · 33⁵ numbers are too many


def test_the_book_shows_the_stored_measurements() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert set(results) == {"networks", "memory", "loops", "mnist", "costs"}
    assert TABLE.read_text(encoding="utf-8") == table(results)
