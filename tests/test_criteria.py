"""What is known of torch's criteria."""

import torch
from torch import nn
from torch.nn import functional as F

from mmtutor.criteria import divisor
from mmtutor.losses import FocalLoss


def test_a_mean_counts_the_labels_that_are_not_ignored_by_their_weights() -> None:
    labels = torch.tensor([0, 1, -100, 1])
    assert divisor(nn.CrossEntropyLoss(), labels) == 3
    assert divisor(F.cross_entropy, labels) == 3
    assert divisor(nn.CrossEntropyLoss(ignore_index=1), labels[[0, 1, 3]]) == 1
    assert divisor(FocalLoss(weight=torch.tensor([1.0, 0.25])), labels) == 1.5
    assert divisor(nn.MSELoss(), torch.zeros(4, 2)) == 4
    assert divisor(nn.CrossEntropyLoss(), torch.full((4, 3), 1 / 3)) == 4
