"""What training refuses, and what it advises."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.criteria import Traits
from mmtutor.training import evaluate, fit, predict, train
from mmtutor.training.checks import check_targets
from tests.training.models import Scale, batch, sgd


@pytest.mark.parametrize("use", [evaluate, predict])
def test_an_empty_loader_is_refused(use) -> None:
    with pytest.raises(ValueError, match="gave no batch.*drop_last"):
        use(Scale(1.0), [])


def test_training_on_an_empty_loader_is_refused() -> None:
    model = Scale(1.0)
    with pytest.raises(ValueError, match="gave no batch.*used up"):
        train(model, iter([]), nn.MSELoss(), sgd(model, lr=0.1))


X, Y = torch.ones(4, 2), torch.zeros(4)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (X, "a Tensor|float32"),
        (({"x": X},), "a tuple of 1"),
        (({"x": X}, [0, 0, 0, 0]), "as targets a list"),
        (({"x": X}, torch.tensor(0)), r"as targets int64 \(\)"),
        (({"x": X[:0]}, Y[:0]), r"as targets float32 \(0,\)"),
        (([X], Y), "as inputs a list"),
        (({"x": [1, 2, 3, 4]}, Y), r"as inputs\['x'\] a list"),
        (({"x": X[:3]}, Y), r"inputs\['x'\] float32 \(3, 2\), as targets float32 \(4,\)"),
        (({"x": X}, Y, {"x": torch.ones(3) > 0}), r"present\['x'\] bool \(3,\)"),
        (({"x": X}, Y, {"x": torch.ones(4)}), r"present\['x'\] float32 \(4,\)"),
        (
            ({"x": X}, Y, {"x": torch.ones(4).long()}),
            r"present\['x'\] int64 \(4,\) \(lengths are the fourth part\)",
        ),
        (({"x": X}, Y, None, {"x": torch.ones(4) > 0}), r"lengths\['x'\] bool \(4,\)"),
        (({"x": X}, Y, None, {"x": torch.ones(4, 1).long()}), r"lengths\['x'\] int64 \(4, 1\)"),
        (({"x": X}, Y, None, None, None), "a tuple of 5"),
        (({"x": X}, Y, {"x": torch.ones(4, 1) > 0}), r"present\['x'\] bool \(4, 1\)"),
    ],
)
def test_a_batch_of_another_form_is_refused_with_the_form_it_needs(wrong, found) -> None:
    with pytest.raises(ValueError, match=f"holds (as )?({found}).*\\(inputs, targets\\)"):
        predict(Scale(1.0), [wrong])


def test_a_model_that_returns_no_output_per_example_is_refused() -> None:
    class Mean(Scale):
        def forward(self, inputs: dict[str, Tensor]) -> Tensor:
            return inputs["x"].mean()

    with pytest.raises(ValueError, match=r"returned float32 \(\).*each of the 2 examples"):
        predict(Mean(1.0), [batch([1.0, 2.0], [0.0, 0.0])])


def test_a_model_that_returns_a_tuple_is_refused() -> None:
    class Pair(Scale):
        def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            return inputs["x"], inputs["x"]

    with pytest.raises(ValueError, match="the model returned a tuple for .* must return a tensor"):
        predict(Pair(1.0), [batch([1.0, 2.0], [0.0, 0.0])])


@pytest.mark.parametrize(
    "criterion",
    [
        *(nn.MSELoss(), F.mse_loss, nn.L1Loss(), nn.HuberLoss(), nn.BCEWithLogitsLoss()),
        *(nn.PoissonNLLLoss(), nn.KLDivLoss(reduction="batchmean"), nn.HingeEmbeddingLoss()),
        *(lambda y, t: (y - t).square().mean(), partial(F.mse_loss, weight=None)),
        partial(lambda y, t, power: (y - t).abs().pow(power).mean(), power=3),
    ],
)
def test_a_column_of_outputs_against_a_row_of_targets_is_not_broadcast(criterion) -> None:
    model = Scale(1.0)
    loader = [batch([[1.0], [2.0]], [1.0, 2.0])]
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(2,\).*squeeze"):
        train(model, loader, criterion, sgd(model, lr=0.1))
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(2,\).*squeeze"):
        evaluate(model, loader)


@pytest.mark.parametrize(
    ("outputs", "targets", "advice"),
    [
        ([[1.0], [2.0]], [1.0, 2.0], r"use outputs.squeeze\(1\)"),
        ([1.0, 2.0], [[1.0], [2.0]], r"use targets.squeeze\(1\)"),
    ],
)
def test_the_advice_removes_the_axis_that_is_too_many(outputs, targets, advice) -> None:
    with pytest.raises(ValueError, match=advice):
        evaluate(Scale(1.0), [batch(outputs, targets)])


@pytest.mark.parametrize("shape", [(2, 1, 3), (2, 3, 1)])
def test_an_axis_of_size_1_too_many_is_found_wherever_it_is(shape) -> None:
    model, loader = Scale(1.0), [({"x": torch.ones(shape)}, torch.ones(2, 3))]
    with pytest.raises(ValueError, match="must have the same shape"):
        train(model, loader, lambda y, t: (y - t).square().mean(), sgd(model, lr=0.1))


def test_a_criterion_of_ones_own_may_take_other_shapes_than_the_targets() -> None:
    def gaussian(outputs: Tensor, targets: Tensor) -> Tensor:
        mean, log_sd = outputs.unbind(dim=1)
        return (log_sd + ((targets - mean) / log_sd.exp()).square() / 2).mean()

    model = Scale(1.0)  # two outputs for each of two examples: (2, 2) against (2,)
    loss = train(model, [batch([[1.0, 0.0], [3.0, 0.0]], [1.0, 1.0])], gaussian, sgd(model, lr=0.0))
    assert loss == 4 / 2 / 2


def test_labels_for_a_binary_cross_entropy_are_refused() -> None:
    model = Scale(1.0)
    message = r"int64 \(2,\), but a binary cross-entropy needs float values: pass targets.float"
    with pytest.raises(TypeError, match=message):
        train(model, [batch([1.0, 2.0], [0, 1])], nn.BCEWithLogitsLoss(), sgd(model, lr=0.1))


def test_labels_for_a_regression_loss_are_refused() -> None:
    model = Scale(1.0)
    with pytest.raises(TypeError, match=r"int64 \(2,\).*targets.float\(\)"):
        train(model, [batch([1.0, 2.0], [1, 2])], nn.MSELoss(), sgd(model, lr=0.1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.int32, torch.bool])
def test_labels_must_be_int64(dtype) -> None:
    model, loader = Scale(1.0), [({"x": torch.zeros(2, 3)}, torch.tensor([0, 1]).to(dtype))]
    with pytest.raises(TypeError, match=r"must be int64.*targets.long\(\)"):
        train(model, loader, nn.CrossEntropyLoss(), sgd(model, lr=0.1))


def test_class_probabilities_are_allowed_for_cross_entropy() -> None:
    model, loader = Scale(1.0), [batch([[0.0, 0.0]], [[0.5, 0.5]])]
    loss = train(model, loader, nn.CrossEntropyLoss(), sgd(model, lr=0.1))
    assert loss == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        ([1.0, 2.0], [0.3, 0.7]),  # cross-entropy would read one example of two classes
        ([[1.0], [2.0]], [[1.0], [1.0]]),  # one class: a loss of 0 whatever happens
        ([[1.0, 2.0]], [[0.5, 0.6]]),
        ([[1.0, 2.0]], [[-0.5, 1.5]]),
    ],
)
def test_values_are_not_taken_for_class_probabilities(outputs, targets) -> None:
    with pytest.raises(TypeError, match=r"float32.*criterion=nn.MSELoss\(\)"):
        fit(Scale(1.0), [batch(outputs, targets)], epochs=1)


def test_logits_need_a_class_axis() -> None:
    model = Scale(1.0)
    with pytest.raises(ValueError, match=r"\(2,\).*logits \(batch, classes, ...\)"):
        train(model, [batch([1.0, 2.0], [0, 1])], nn.CrossEntropyLoss(), sgd(model, lr=0.1))


LABEL_MESSAGE = r"from 0 to 10.*\(3, 4\) have 4 classes, 0 to 3.*is 10, at index \[1\]"


def test_a_label_that_is_no_class_is_named() -> None:
    model, loader = Scale(1.0), [({"x": torch.zeros(3, 4)}, torch.tensor([0, 10, 7]))]
    with pytest.raises(ValueError, match=LABEL_MESSAGE):
        train(model, loader, nn.CrossEntropyLoss(), sgd(model, lr=0.1))
    with pytest.raises(ValueError, match=LABEL_MESSAGE):
        evaluate(model, loader)


class Focal(nn.CrossEntropyLoss):
    """A user's own loss, made of torch's."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        loss = F.cross_entropy(outputs, targets, reduction="none")
        return ((1 - (-loss).exp()) * loss).mean()


def test_a_loss_made_of_torchs_is_checked_like_it() -> None:
    model, loader = Scale(1.0), [({"x": torch.zeros(3, 4)}, torch.tensor([0, 10, 7]))]
    with pytest.raises(ValueError, match=LABEL_MESSAGE):
        train(model, loader, Focal(), sgd(model, lr=0.1))


def test_labels_are_checked_before_an_accelerator_meets_them() -> None:
    outputs, labels = torch.zeros(3, 4, device="meta"), torch.tensor([0, 10, 7])
    with pytest.raises(ValueError, match=LABEL_MESSAGE):
        check_targets(Traits(nn.CrossEntropyLoss()), outputs, labels)
    check_targets(Traits(nn.CrossEntropyLoss()), outputs, torch.tensor([0, -100, 3]))


def test_labels_that_the_criterion_ignores_are_allowed() -> None:
    model, loader = Scale(1.0), [({"x": torch.zeros(2, 4)}, torch.tensor([-100, 3]))]
    loss = train(model, loader, nn.CrossEntropyLoss(), sgd(model, lr=0.1))
    assert loss == pytest.approx(math.log(4))


def test_a_batch_without_a_label_that_counts_is_refused() -> None:
    model, loader = Scale(1.0), [({"x": torch.zeros(2, 4)}, torch.tensor([-100, -100]))]
    with pytest.raises(ValueError, match="every label of the batch is -100.*leave such batches"):
        train(model, loader, nn.CrossEntropyLoss(), sgd(model, lr=0.1))
