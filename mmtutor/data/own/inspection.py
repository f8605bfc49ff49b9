"""A look at data before anything is trained on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mmtutor.data.dataset import MultimodalDataset

MOST_IMBALANCED = 3  # times as many examples of the largest class as of the smallest
MOST_SHOWN = 3


@dataclass(frozen=True)
class Line:
    """One thing that was seen; `concern` says whether it is likely to be a fault."""

    text: str
    concern: bool = False

    def __str__(self) -> str:
        """Return the line, with a sign before a concern."""
        return f"{'!' if self.concern else ' '} {self.text}"


@dataclass(frozen=True)
class Report:
    """What `inspect` has seen; it prints as one line for each thing."""

    lines: tuple[Line, ...]

    @property
    def concerns(self) -> tuple[str, ...]:
        """What is likely to be a fault."""
        return tuple(line.text for line in self.lines if line.concern)

    def __str__(self) -> str:
        """Return all lines; those with ! are concerns."""
        return "\n".join(map(str, self.lines))

    __repr__ = __str__


def inspect(
    dataset: MultimodalDataset, test: MultimodalDataset | None = None, *, group: str = "group"
) -> Report:
    """Look at a data set, or at the two parts of a split.

    Seen are: how often each modality is missing; blank examples and modalities that are always
    the same; classes, and how unequal they are; contents that occur twice, within the data set
    or in both parts; groups that have examples in both parts. Contents occur twice if they are
    equal to the last bit. Texts may well be repeated, so that only repeated images and sounds are
    a concern.

    Args:
        dataset: all data, or the training part.
        test: the other part of a split.
        group: the entry of the metadata that says what belongs together, if there is one.
    """
    parts = {"data": dataset} if test is None else {"train": dataset, "test": test}
    lines = []
    for part, examples in parts.items():
        lines += [Line(f"{part}: {len(examples)} examples"), *_modalities(part, examples)]
        lines += _classes(part, examples)
    lines += _repeats(dataset, test)
    if test is not None:
        lines += _shared_groups(dataset, test, group)
    return Report(tuple(lines))


def _modalities(part: str, dataset: MultimodalDataset) -> Iterator[Line]:
    for name, x in dataset.inputs.items():
        here = _present(dataset, name)
        missing = int((~here).sum())
        yield Line(
            f"{part}, {name}: missing in {missing} of {len(dataset)}", missing == len(dataset)
        )
        rows = x[here].flatten(1)
        if len(rows) > 1 and (rows == rows[0]).all():
            yield Line(f"{part}, {name}: always the same, so that nothing can be learned", True)
        blank = int((rows == rows[:, :1]).all(dim=1).sum()) if x.is_floating_point() else 0
        if blank:
            yield Line(f"{part}, {name}: {blank} blank or silent", True)


def _classes(part: str, dataset: MultimodalDataset) -> Iterator[Line]:
    targets = dataset.targets
    if targets.is_floating_point() or targets.ndim != 1 or not (targets >= 0).any():
        return
    counts = targets[targets >= 0].bincount(minlength=len(dataset.classes))
    names = dataset.classes or tuple(map(str, range(len(counts))))
    most, least = int(counts.argmax()), int(counts.argmin())
    yield Line(
        f"{part}, classes: {len(counts)}, from {int(counts[least])} examples ({names[least]}) to "
        f"{int(counts[most])} ({names[most]}); always saying {names[most]} is right in "
        f"{float(counts[most] / counts.sum()):.0%}",
        bool(counts[most] > MOST_IMBALANCED * counts[least]),
    )


def _repeats(dataset: MultimodalDataset, test: MultimodalDataset | None) -> Iterator[Line]:
    for name, x in dataset.inputs.items():
        if test is None:
            pairs = _pairs_within(_contents(dataset, name))
            what = "examples repeat an earlier one"
        else:
            seen = {content: i for i, content in _contents(dataset, name).items()}
            asked = _contents(test, name).items()
            pairs = [(seen[content], i) for i, content in asked if content in seen]
            what = f"of {len(test)} test examples are in train too"
        text = f"{name}: {len(pairs)} {what}"
        concern = bool(pairs) and x.is_floating_point()
        if concern:
            rows = [(_row(dataset, i), _row(test or dataset, j)) for i, j in pairs[:MOST_SHOWN]]
            text += ", such as rows " + ", ".join(f"{a} and {b}" for a, b in rows)
        yield Line(text, concern)


def _pairs_within(contents: Mapping[int, bytes]) -> list[tuple[int, int]]:
    """Return the first example of each content with every later one that holds the same."""
    first: dict[bytes, int] = {}
    for i, content in contents.items():
        first.setdefault(content, i)
    return [(first[content], i) for i, content in contents.items() if first[content] != i]


def _shared_groups(train: MultimodalDataset, test: MultimodalDataset, group: str) -> Iterator[Line]:
    if group not in train.metadata or group not in test.metadata:
        yield Line(f"no {group} is known, so what belongs together may be in both parts")
        return
    known, asked = train.metadata[group], test.metadata[group]
    shared = torch.isin(asked, known)
    yield Line(
        f"{group}: {len(asked[shared].unique())} of {len(asked.unique())} in test are in train "
        f"too, with {int(shared.sum())} of {len(asked)} test examples",
        bool(shared.any()),
    )


def _present(dataset: MultimodalDataset, name: str) -> Tensor:
    everywhere = torch.ones(len(dataset), dtype=torch.bool)
    masks: Mapping[str, Tensor] = dataset.present or {}
    return masks.get(name, everywhere)


def _contents(dataset: MultimodalDataset, name: str) -> dict[int, bytes]:
    """Return what each example that is not missing holds, padding left out."""
    x, lengths = dataset.inputs[name], (dataset.lengths or {}).get(name)
    found = {}
    for i in _present(dataset, name).nonzero()[:, 0].tolist():
        content = x[i] if lengths is None else x[i, : int(lengths[i])]
        found[i] = content.numpy().tobytes()
    return found


def _row(dataset: MultimodalDataset, i: int) -> int:
    """Return the row of an example in its table, or its number."""
    return int(dataset.metadata["row"][i]) if "row" in dataset.metadata else i
