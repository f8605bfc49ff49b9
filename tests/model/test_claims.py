import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmtutor.claims import (
    ClaimError,
    Finding,
    check,
    check_same_outputs,
    claim,
    claim_same_outputs,
    finding,
    show_checks,
)


@pytest.mark.parametrize("truth", [True, np.bool_(True), np.array([True]), torch.tensor([[True]])])
def test_a_true_claim_prints_its_sentence(truth: object, capsys: pytest.CaptureFixture) -> None:
    claim(truth, "Water is wet")
    assert capsys.readouterr().out == "✓ Water is wet\n"


@pytest.mark.parametrize("truth", [False, np.bool_(False), np.array(False), torch.tensor(False)])
def test_a_false_claim_stops_with_its_sentence(
    truth: object, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(ClaimError, match="^✗ Water is dry$"):
        claim(truth, "Water is dry")
    assert capsys.readouterr().out == ""


def test_a_false_claim_is_an_assertion_error() -> None:
    assert issubclass(ClaimError, AssertionError)


@pytest.mark.parametrize(
    "condition",
    [
        "a < b",
        [],
        [True],
        None,
        1,
        0.0,
        np.float64(1.0),
        torch.tensor(1),
        np.array([True, True]),
        torch.tensor([True, True]),
        torch.tensor([], dtype=torch.bool),
    ],
    ids=repr,
)
def test_what_is_no_truth_value_is_no_claim(condition: object) -> None:
    kind = type(condition).__name__
    with pytest.raises(TypeError, match=f"one truth value, got {kind}; compare first"):
        claim(condition, "Anything")


# --- claim_same_outputs ----------------------------------------------------------------------


class Built(nn.Module):
    """Other names, same layers, as on a page."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.first = nn.Linear(3, 5)
        self.norm = nn.BatchNorm1d(5)
        self.activation = activation
        self.second = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.activation(self.norm(self.first(x))))


def packaged() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(6, 3)


def test_equal_modules_pass_and_the_class_is_named(
    x: Tensor, capsys: pytest.CaptureFixture
) -> None:
    built, other = Built(nn.ReLU()), packaged()
    built(x)  # training statistics that the copy must carry along
    claim_same_outputs(built, other, x)
    out = capsys.readouterr().out
    assert out == "✓ Sequential: built here and packaged give the same outputs\n"
    assert torch.equal(other[0].weight, built.first.weight)
    assert torch.equal(other[1].running_mean, built.norm.running_mean)
    assert built.norm.num_batches_tracked == 1  # comparing is not training


def test_another_activation_is_found_out(x: Tensor) -> None:
    with pytest.raises(ClaimError, match="Sequential: built here and packaged"):
        claim_same_outputs(Built(nn.ELU()), packaged(), x)


def test_nan_outputs_are_not_the_same(x: Tensor) -> None:
    with pytest.raises(ClaimError):
        claim_same_outputs(Built(nn.ReLU()), packaged(), x * torch.nan)


def test_the_tolerance_is_the_largest_difference() -> None:
    class Off(nn.Identity):
        def forward(self, x: Tensor) -> Tensor:
            return x + 0.25

    claim_same_outputs(nn.Identity(), Off(), torch.zeros(3), tolerance=0.25)
    with pytest.raises(ClaimError):
        claim_same_outputs(nn.Identity(), Off(), torch.zeros(3), tolerance=0.2)


@pytest.mark.parametrize(("difference", "same"), [(5e-6, True), (2e-5, False), (0.01, False)])
def test_rounding_is_allowed_and_no_more(difference: float, same: bool) -> None:
    class Off(nn.Identity):
        def forward(self, x: Tensor) -> Tensor:
            return x + difference

    if same:
        claim_same_outputs(nn.Identity(), Off(), torch.zeros(3))
    else:
        with pytest.raises(ClaimError):
            claim_same_outputs(nn.Identity(), Off(), torch.zeros(3))


def test_the_packaged_module_may_take_its_input_in_another_form(x: Tensor) -> None:
    class Named(nn.Module):
        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            return inputs["a"] - inputs["b"]

    class Positional(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return a - b

    claim_same_outputs(Positional(), Named(), x, 2 * x, packaged_input={"a": x, "b": 2 * x})


def test_outputs_of_another_shape_are_found_out(x: Tensor) -> None:
    with pytest.raises(ClaimError, match=r"shapes differ: \(6, 3\) and \(18,\)"):
        claim_same_outputs(nn.Identity(), nn.Flatten(0), x)


def test_other_layers_are_refused(x: Tensor) -> None:
    with pytest.raises(ValueError, match="same layers in the same order"):
        claim_same_outputs(nn.Linear(3, 2), packaged(), x)


def test_both_modules_keep_the_mode_of_each_of_their_parts(x: Tensor) -> None:
    built, other = Built(nn.ReLU()), packaged().eval()
    built.norm.eval()  # a frozen normalization in a network that trains
    claim_same_outputs(built, other, x)
    assert [part.training for part in built.children()] == [True, False, True, True]
    assert built.training and not other.training


def test_the_mode_is_kept_after_a_failure_too() -> None:
    built = Built(nn.ReLU())
    with pytest.raises(RuntimeError):
        claim_same_outputs(built, packaged(), torch.zeros(2, 99))
    assert built.training and built.norm.training


# --- check, show_checks ----------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is displayed from now on; nothing is left of earlier checks."""
    bundles: list[dict[str, str]] = []
    monkeypatch.setattr("mmtutor.claims.checks.display", lambda data, raw: bundles.append(data))
    show_checks()
    bundles.clear()
    return bundles


def test_a_formula_is_called_with_the_packaged_weights(shown: list[dict[str, str]]) -> None:
    def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return x @ weight.T + bias

    packaged = nn.Linear(3, 2)
    check_same_outputs(linear, packaged, torch.rand(4, 3))
    with pytest.raises(ClaimError, match="Linear: built here and packaged"):
        check_same_outputs(lambda x, weight, _: x @ weight.T, packaged, torch.rand(4, 3))
    assert packaged.training and packaged.weight.requires_grad


def test_checks_are_gathered_into_one_line_that_opens(
    shown: list[dict[str, str]], capsys: pytest.CaptureFixture
) -> None:
    check(1 < 2, "1 < 2")
    check_same_outputs(nn.Identity(), nn.Identity(), torch.zeros(3))
    assert capsys.readouterr().out == ""
    show_checks()
    (bundle,) = shown
    assert bundle["text/html"] == (
        "<details><summary>✓ 2 checks</summary><ul><li>1 &lt; 2</li>"
        "<li>Identity: built here and packaged give the same outputs</li></ul></details>"
    )
    assert bundle["text/plain"].splitlines()[:2] == ["✓ 2 checks", "  1 < 2"]
    check(True, "later")
    show_checks()
    assert "✓ 1 check<" in shown[1]["text/html"] and "1 &lt; 2" not in shown[1]["text/html"]


def test_a_false_check_stops_and_is_not_gathered(shown: list[dict[str, str]]) -> None:
    with pytest.raises(ClaimError, match="^✗ no$"):
        check(False, "no")
    show_checks()
    assert "0 checks" in shown[0]["text/plain"]


# --- finding ---------------------------------------------------------------------------------

# 1, 2, 3: mean 2, sample deviation 1, error 1 / sqrt(3) = .577, t(2) = 4.303, reach 2.48.
VALUES = [1.0, 2.0, 3.0]


def test_a_finding_says_effect_interval_n_bound_and_origin(capsys: pytest.CaptureFixture) -> None:
    finding("Water boils, in bar", VALUES, above=-1, origin="before")
    assert capsys.readouterr().out == (
        "◆ Water boils, in bar\n"
        "  2 [-0.484, 4.48], n = 3; bound: above -1, set before this result was seen\n"
    )


def test_pairs_are_compared_by_their_differences(capsys: pytest.CaptureFixture) -> None:
    finding("Less", [1, 2, 3.5], against=[3, 4, 5], below=-1, above=-3, origin="after")
    # Differences -2, -2, -1.5: mean -1.833, deviation .2887, reach 4.303 * .1667 = .717.
    assert (
        "-1.83 [-2.55, -1.12] (2.17 against 4), n = 3; bound: above -3 and below -1, set after"
    ) in capsys.readouterr().out


@pytest.mark.parametrize("bound", [{"above": 0}, {"below": 4}, {"above": -1, "below": 4}])
def test_the_whole_interval_must_keep_the_bound(
    bound: dict[str, float], capsys: pytest.CaptureFixture
) -> None:
    finding("Water boils", VALUES, origin="before", **bound)
    out = capsys.readouterr().out
    assert out.startswith("◇ Water boils\n") and "did not hold here" in out


def test_nan_is_nothing_found(capsys: pytest.CaptureFixture) -> None:
    finding("Water boils", [1, 2, np.nan], above=-100, origin="before")
    assert capsys.readouterr().out.startswith("◇ Water boils\n  nan [nan, nan]")


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("origin", ["before", "validation", "after"])
@pytest.mark.parametrize("limit", [-1, 0])
def test_what_was_printed_can_be_read_back(
    limit: float, origin: str, trained: bool, capsys: pytest.CaptureFixture
) -> None:
    finding("A: b", VALUES, against=[0.0] * 3, above=limit, origin=origin, trained=trained)
    finding("C", 1e-9 * torch.tensor(VALUES), below=1, origin=origin)
    finding("D", [1, np.inf, 1], above=0, origin=origin)
    text = capsys.readouterr().out
    first, second, third = Finding.read_all(text)
    assert (first.sentence, first.effect, first.n) == ("A: b", "2", 3)
    assert (first.origin, first.trained, first.holds) == (origin, trained, limit == -1)
    assert second.effect == "2e-09"
    assert (third.effect, third.holds) == ("inf", False)
    assert str(first) in text and str(second) in text


@pytest.mark.parametrize(
    ("values", "change", "message"),
    [
        ([1, 2], {}, r"3 values or more in a row, got \(2,\)"),
        ([[1, 2, 3]], {}, r"got \(1, 3\)"),
        (VALUES, {"above": -np.inf}, "needs above"),
        (VALUES, {"origin": "later"}, "'later'"),
        (VALUES, {"against": [1]}, r"\(3,\) values against \(1,\)"),
    ],
)
def test_what_cannot_be_a_finding_is_refused(values, change, message) -> None:
    with pytest.raises(ValueError, match=message):
        finding("Water boils", values, **{"above": 0, "origin": "before", **change})
