import numpy as np
import torch
from torch import nn

from tests.exercises.answers.answers import Answers


def gate(
    features,
    W,
    V,
    present,
    shares=lambda scores: scores.softmax(1),
    candidate=torch.tanh,
    mask=True,
    replace=True,
    nothing=0.0,
):
    """Return a gated fusion, one example after the other."""
    rows = []
    for i, here in enumerate(present.tolist()):
        if mask and not any(here):
            rows.append(torch.full((len(W[0]),), nothing))
            continue
        h = [
            f[i] if ok or not replace else torch.zeros_like(f[i])
            for f, ok in zip(features, here, strict=True)
        ]
        keep = [m for m, ok in enumerate(here) if ok or not mask]
        scores = torch.stack([V[m] @ torch.cat(h) for m in keep])
        values = torch.stack([candidate(W[m] @ h[m]) for m in keep])
        rows.append((shares(scores[None])[0] * values).sum(0))
    return torch.stack(rows)


def gate_with(**changes):
    return lambda *given: gate(*given, **changes)


def search(g, prefix="", lists=True, deep=True, known=True, everything=False):
    """Go down a module by its own submodules, some steps left out."""
    found = set()
    for name, value in g.__dict__.items():
        if name in ("_parameters", "_buffers", "_modules"):
            continue
        inside = value if lists and isinstance(value, list | tuple) else (value,)
        for each in inside:
            if not torch.is_tensor(each) or not (each.requires_grad or everything):
                continue
            if not known or not any(each is p for p in search.root.parameters()):
                found.add(prefix + name)
    for name, child in g.named_children() if deep else ():
        found |= search(child, f"{prefix}{name}.", lists, deep, known, everything)
    return found


def search_with(**changes):
    def answer(g):
        search.root = g
        return search(g, **changes)

    return answer


def only_parameters(g):
    """Take what is a Parameter, but not registered, for all that can be lost."""
    return {name for name in search_with()(g) if isinstance(getattr(g, name, None), nn.Parameter)}


ANSWERS = {
    "3.7.a": Answers(
        right=(142, 32, 3),
        also_right=[
            lambda: [5000 // 35, 5000 // (4 * 38), 5000 // (21 * 11 * 6)],
            np.array([142.0, 32.0, 3.0]),
        ],
        wrong={
            "rounded up": (143, 33, 4),
            "whole number": (142.8, 32.9, 3.6),
            "not their product": (5, 32, 3),
            "a 1 to each modality: 21 + 11 + 6": (142, 35, 3),
            "four times": (142, 131, 3),
            "not 20 · 10 · 5": (142, 32, 5),
            "low rank adds them": (142, 32, 131),
            "the tensor multiplies them": (142, 3, 32),
            "three whole numbers": 142,
            "sum needs 35": (140, 32, 3),
            "needs 21 · 11 · 6": (142, 32, 7),
            "low rank needs 4": (142, 30, 3),
        },
    ),
    "3.7.b": Answers(
        right={
            "A": "unique to the right",
            "B": "synergistic",
            "C": "redundant",
            "D": "unique to the left",
        },
        also_right=[
            lambda: dict(
                zip(
                    "DCBA",
                    ["unique to the left", "redundant", "synergistic", "unique to the right"],
                    strict=True,
                )
            )
        ],
        wrong={
            "of A,": dict.fromkeys("ABCD", "redundant"),
            "of B,": dict.fromkeys("ABCD", "unique to the right"),
            "of C,": {
                "A": "unique to the right",
                "B": "synergistic",
                "C": "synergistic",
                "D": "unique to the left",
            },
            "of D,": {
                "A": "unique to the right",
                "B": "synergistic",
                "C": "redundant",
                "D": "redundant",
            },
            "a value is one of": dict.fromkeys("ABCD", "unique"),
            "the keys A, B, C and D": {"A": "redundant"},
        },
    ),
    "3.7.c": Answers(
        right=0.49,
        also_right=[0.977 / 2, torch.tensor(0.5), lambda: 0.48],
        wrong={
            "guessing among four": 0.25,
            "with both sides": 0.955,
            "has another one": 0.98,
            "multiply, do not average": 0.75,
            "both at once": 0.6,
            "from 0 to 1": 49,
        },
    ),
    "3.7.d": Answers(
        right=search_with(),
        also_right=[lambda g: sorted(search_with()(g)), lambda g: frozenset(search_with()(g))],
        wrong={
            "does not look": search_with(lists=False),
            "in its submodule": search_with(deep=False),
            "registered elsewhere": search_with(known=False),
            "is a constant": search_with(everything=True),
            "is no parameter": only_parameters,
            "set of names": lambda g: True,
            "healthy": lambda g: {name for name, _ in g.named_parameters()},
        },
    ),
    "3.7.e": Answers(
        right=gate,
        also_right=[lambda *given: gate(*given).numpy().astype("float64")],
        wrong={
            "do not sum to 1": gate_with(shares=torch.sigmoid),
            "runs over the wrong axis": gate_with(shares=lambda scores: scores.softmax(2)),
            "tanh is missing": gate_with(candidate=lambda h: h),
            "softmax is missing": gate_with(shares=lambda scores: scores),
            "with nothing missing": gate_with(candidate=torch.relu),
            "keeps its share": gate_with(mask=False),
            "here 7": gate_with(replace=False),
            "z is nan": gate_with(nothing=torch.nan),
            "z should be 0": gate_with(nothing=1.0),
            "has shape (batch, shared)": lambda *given: gate(*given).T,
            "return numbers": lambda *given: "z",
        },
    ),
}
