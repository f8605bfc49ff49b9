"""Comparisons at several budgets: how they are measured, stored and read."""

import importlib
import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn, optim

from benchmarks.curves import train_and_score
from mmtutor import data
from tools import curves

stored = importlib.import_module("mmtutor.data.curves")  # `data.curves` is the function


def dataset() -> data.MultimodalDataset:
    x = torch.arange(10.0)[:, None]
    return data.MultimodalDataset({"x": x}, (x[:, 0] > 4.5).long())


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 2)
        self.calls = 0

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        self.calls += 1
        return self.linear(inputs["x"])


def test_scores_are_taken_after_the_steps_asked_for_across_epochs() -> None:
    line, seen = Line(), []

    def score(network: nn.Module) -> float:
        seen.append((line.calls, network.training, torch.is_grad_enabled()))
        return float(len(seen))

    optimizer = optim.SGD(line.parameters(), 0.1)
    steps = (1, 3, 7)  # an epoch has three batches of four
    found = train_and_score(line, optimizer, dataset(), steps, score, batch_size=4, seed=0)
    assert found == [1.0, 2.0, 3.0]
    assert seen == [(1, False, False), (3, False, False), (7, False, False)]


def test_a_comparison_is_stored_and_read(tmp_path, monkeypatch) -> None:
    toy = SimpleNamespace(
        STEPS=(1, 2), MEASURE="accuracy", measure=lambda seed: {"one": [seed, 0.5], "two": [1, 2]}
    )
    monkeypatch.setattr(curves.importlib, "import_module", lambda name: toy)
    monkeypatch.setattr(curves, "digest", lambda name: "code")
    monkeypatch.setattr(curves, "FOLDER", tmp_path)
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    assert curves.stale("toy")
    curves.measure("toy")
    assert not curves.stale("toy")
    found = data.curves("toy")
    assert found.measure == "accuracy" and found.steps == [1, 2]
    assert found.values["one"].tolist() == [[seed, 0.5] for seed in range(curves.SEEDS)]
    with pytest.raises(data.DataError, match="no curves named 'toys'; there are: toy"):
        data.curves("toys")


@pytest.mark.parametrize("name", curves.names())
def test_what_is_stored_was_measured_by_the_code_of_today(name: str) -> None:
    assert not curves.stale(name), f"run: python -m tools.curves {name}"


def test_whatever_is_stored_has_its_code() -> None:
    files = {path.stem for path in stored.FOLDER.glob("*.json")}
    assert files == set(curves.names())
    for path in stored.FOLDER.glob("*.json"):
        values = json.loads(path.read_text(encoding="utf-8"))
        runs = [run for side in values["values"].values() for run in side]
        assert all(len(run) == len(values["steps"]) for run in runs)


def test_an_unknown_name_is_told(capsys) -> None:
    with pytest.raises(SystemExit):
        curves.main(["nothing"])
    assert "no comparison named nothing" in capsys.readouterr().err
