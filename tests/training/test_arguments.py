"""Arguments that do not suit each other are refused before the first step."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mmtutor.training import evaluate, fit, predict, train
from tests.training.models import Scale, batch, sgd


@pytest.mark.parametrize("norm", [0.0, -1.0, math.nan])
def test_a_norm_that_is_not_positive_is_refused(norm) -> None:
    model, loader = Scale(1.0), [batch([1.0], [0.0])]
    with pytest.raises(ValueError, match=f"clip_norm must be above 0, or None; got {norm}"):
        train(model, loader, nn.MSELoss(), sgd(model, lr=0.1), clip_norm=norm)
    with pytest.raises(ValueError, match="clip_norm must be above 0"):
        fit(model, loader, epochs=1, criterion=nn.MSELoss(), clip_norm=norm)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_criterion_that_does_not_average_is_refused(reduction) -> None:
    model = Scale(1.0)
    criterion = nn.MSELoss(reduction=reduction)
    with pytest.raises(ValueError, match=f"reduction='{reduction}'.*reduction='mean'"):
        train(model, [batch([1.0], [0.0])], criterion, sgd(model, lr=0.1))


@pytest.mark.parametrize(
    ("criterion", "found"),
    [
        (lambda outputs, targets: (outputs - targets) ** 2, r"float32 \(2,\)"),
        (lambda outputs, targets: 1.0, "a float"),
    ],
)
def test_a_criterion_that_returns_no_single_tensor_is_refused(criterion, found) -> None:
    model = Scale(1.0)
    with pytest.raises(TypeError, match=f"criterion returned {found}, .*mean"):
        train(model, [batch([1.0, 2.0], [0.0, 0.0])], criterion, sgd(model, lr=0.1))


def test_a_class_in_place_of_an_instance_is_refused() -> None:
    model, loader = Scale(1.0), [batch([1.0], [0.0])]
    with pytest.raises(TypeError, match=r"the class MSELoss: pass MSELoss\(\)"):
        train(model, loader, nn.MSELoss, sgd(model, lr=0.1))
    with pytest.raises(TypeError, match=r"Adam\(model.parameters\(\)\); got the class SGD"):
        train(model, loader, nn.MSELoss(), torch.optim.SGD)


@pytest.mark.parametrize("use", [evaluate, train])
def test_arguments_in_another_order_are_refused(use) -> None:
    model, criterion, loader = Scale(1.0), nn.MSELoss(), [batch([1.0], [0.0])]
    rest = () if use is evaluate else (sgd(model, lr=0.1),)
    with pytest.raises(TypeError, match="the criterion is cpu, .* a device after it, as device="):
        use(model, loader, "cpu", *rest)
    with pytest.raises(TypeError, match="the criterion is a list, .* comes after the loader"):
        use(model, criterion, loader, *rest)
    with pytest.raises(TypeError, match="the loader is a MSELoss, which is no iterable of batches"):
        use(model, criterion, criterion, *rest)


def test_a_data_set_in_place_of_a_loader_is_refused() -> None:
    examples = TensorDataset(torch.ones(4, 2), torch.zeros(4))
    with pytest.raises(TypeError, match="a TensorDataset, which gives single .*mmtutor.data.load"):
        predict(Scale(1.0), examples)
    with pytest.raises(TypeError, match="a TensorDataset, which gives single .*mmtutor.data.load"):
        fit(Scale(1.0), [batch([1.0], [0.0])], examples, epochs=1, criterion=nn.MSELoss())


@pytest.mark.parametrize("use", [train, fit])
def test_a_model_that_is_frozen_is_refused(use) -> None:
    model, loader = Scale(1.0).requires_grad_(False), [batch([1.0], [0.0])]
    with pytest.raises(ValueError, match=r"nothing to train.*requires_grad_\(True\)"):
        if use is train:
            train(model, loader, nn.MSELoss(), sgd(model, lr=0.1))
        else:
            fit(model, loader, epochs=1, criterion=nn.MSELoss())


def test_an_optimizer_that_needs_several_gradients_is_refused() -> None:
    model = Scale(1.0)
    optimizer = torch.optim.LBFGS(model.parameters())
    with pytest.raises(TypeError, match="a step from one gradient, such as .*; got a LBFGS"):
        train(model, [batch([1.0], [0.0])], nn.MSELoss(), optimizer)


@pytest.mark.parametrize("wrong", ["fp16", "bf16", None, torch.float16])
def test_a_number_format_in_place_of_true_is_refused(wrong) -> None:
    model, loader = Scale(1.0), [batch([1.0], [0.0])]
    with pytest.raises(ValueError, match="mixed_precision is True or False, .* decides"):
        train(model, loader, nn.MSELoss(), sgd(model, lr=0.1), mixed_precision=wrong)
    with pytest.raises(ValueError, match="mixed_precision is True or False, .* decides"):
        fit(model, loader, epochs=1, criterion=nn.MSELoss(), mixed_precision=wrong)


class Tempered(nn.MSELoss):
    """A criterion with a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return super().forward(outputs * self.temperature, targets)


def test_an_optimizer_without_the_criterions_parameters_is_refused() -> None:
    model, criterion, loader = Scale(1.0), Tempered(), [batch([1.0], [0.0])]
    message = r"leaves out temperature of the criterion.*\*criterion.parameters\(\)"
    with pytest.raises(ValueError, match=message):
        train(model, loader, criterion, sgd(model, lr=0.1))
    with pytest.raises(ValueError, match=message):
        fit(model, loader, epochs=1, criterion=criterion, optimizer=sgd(model, lr=0.1))
    train(model, loader, criterion.requires_grad_(False), sgd(model, lr=0.1))


def test_a_criterion_of_features_needs_a_model_that_gives_them() -> None:
    criterion = Tempered()
    criterion.takes_features = True
    with pytest.raises(TypeError, match="Tempered looks at the features .* which a Scale does not"):
        evaluate(Scale(1.0), [batch([1.0], [0.0])], criterion)


def test_the_optimizer_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no parameter of this model"):
        train(Scale(1.0), [batch([1.0], [0.0])], nn.MSELoss(), sgd(Scale(1.0), lr=0.1))
