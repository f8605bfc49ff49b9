import pytest
import torch
from torch import nn

from mmtutor.weights import copy_weights


def test_parameters_and_buffers_are_copied_whatever_their_names() -> None:
    source = nn.ModuleDict({"body": nn.Linear(3, 2), "norm": nn.BatchNorm1d(2)})
    source["norm"](source["body"](torch.rand(4, 3)))  # so that the statistics have moved
    target = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    kept = target[0].weight
    copy_weights(source, target)
    for given, taken in zip(
        source.state_dict().values(), target.state_dict().values(), strict=True
    ):
        assert torch.equal(given, taken)
    assert target[0].weight is kept  # in place: an optimizer of the target still holds
    assert target[1].num_batches_tracked == 1


def test_the_copy_is_independent_of_the_source() -> None:
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    copy_weights(source, target)
    with torch.no_grad():
        source.weight.zero_()
    assert target.weight.abs().sum() > 0


def test_a_state_dict_will_do() -> None:
    target = nn.Linear(1, 1, bias=False)
    copy_weights({"w": torch.tensor([[3.0]])}, target)
    assert target.weight.tolist() == [[3.0]]


def test_another_number_of_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="got 1 weights but Linear has 2"):
        copy_weights(nn.Linear(2, 2, bias=False), nn.Linear(2, 2))


def test_another_shape_is_refused_and_nothing_is_copied() -> None:
    source = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3))
    target = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 4))
    before = target[0].weight.clone()
    message = r"1\.weight has shape \(3, 2\) but 1\.weight of Sequential has shape \(4, 2\)"
    with pytest.raises(ValueError, match=message):
        copy_weights(source, target)
    assert torch.equal(target[0].weight, before)


def test_as_many_numbers_in_another_shape_are_refused() -> None:
    """Copied row by row they would mean something else; broadcasting would repeat them."""
    for given, room in [((2, 3), (3, 2)), ((6,), (2, 3)), ((1, 3), (2, 3)), ((3,), (3, 1))]:
        target = nn.ParameterList([torch.zeros(room)])
        with pytest.raises(ValueError, match="the same layers in the same order"):
            copy_weights({"w": torch.ones(given)}, target)
        assert not target[0].any()
