"""What is known of torch's criteria."""

import torch
from torch import nn
from torch.nn import functional as F

from mmtutor.criteria import Traits
from mmtutor.losses import FocalLoss


def test_a_mean_counts_the_labels_that_are_not_ignored_by_their_weights() -> None:
    labels = torch.tensor([0, 1, -100, 1])
    assert Traits(nn.CrossEntropyLoss()).divisor(labels) == 3
    assert Traits(F.cross_entropy).divisor(labels) == 3
    assert Traits(nn.CrossEntropyLoss(ignore_index=1)).divisor(labels[[0, 1, 3]]) == 1
    assert Traits(FocalLoss(weight=torch.tensor([1.0, 0.25]))).divisor(labels) == 1.5
    assert Traits(nn.MSELoss()).divisor(torch.zeros(4, 2)) == 4
    assert Traits(nn.CrossEntropyLoss()).divisor(torch.full((4, 3), 1 / 3)) == 4
