"""A split that keeps together what belongs together."""

import torch
from sklearn.model_selection import GroupShuffleSplit

from mmtutor.data.checks import check_known
from mmtutor.data.dataset import MultimodalDataset


def split_by_group(
    dataset: MultimodalDataset, share: float = 0.25, seed: int = 0, *, group: str = "group"
) -> tuple[MultimodalDataset, MultimodalDataset]:
    """Split a data set so that no group has examples on both sides.

    Args:
        dataset: with the groups in its metadata.
        share: of the *groups*, drawn at random, that become the second part.
        seed: of the draw.
        group: the entry of the metadata, int64 `(examples,)`.

    Returns:
        What is left to train on, and the held-out part; both in the order of the data set.

    Raises:
        ValueError: no such entry, a share outside of 0 to 1, or too few groups for two parts.
    """
    check_known("entry of the metadata", group, dataset.metadata)
    groups = dataset.metadata[group]
    if groups.ndim != 1:
        raise ValueError(f"{group} must be one id an example, got {tuple(groups.shape)}")
    count = len(groups.unique())
    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, got {share}")
    if count < 2:
        raise ValueError(f"a split needs at least 2 groups, but all examples have {group} one")
    splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    try:
        ((kept, held_out),) = splitter.split(groups, groups=groups)
    except ValueError as error:  # sklearn's, of a part without any group
        raise ValueError(
            f"a share of {share} of {count} groups leaves no group on one side"
        ) from error
    first, second = (torch.from_numpy(rows).sort().values for rows in (kept, held_out))
    return dataset.subset(first), dataset.subset(second)
