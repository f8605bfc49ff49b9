import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.exercises.answers.answers import Answers


def in_one_graph(model, parts):
    logits = torch.cat([model(x) for x, _ in parts])
    loss = F.cross_entropy(logits, torch.cat([y_true for _, y_true in parts]))
    return torch.autograd.grad(loss, list(model.parameters()))


def accumulated(model, parts, weigh=None, before=True, inside=False):
    """Return a gradient summed over the pieces; by default the right one."""
    total = sum(len(y_true) for _, y_true in parts)
    if before:
        model.zero_grad()
    for x, y_true in parts:
        if inside:
            model.zero_grad()
        weight = weigh(y_true) if weigh else len(y_true) / total
        (weight * F.cross_entropy(model(x), y_true)).backward()
    return [parameter.grad for parameter in model.parameters()]


def long_norm(gradients):
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def by_one_vector(gradients, max_norm):
    norm = long_norm(gradients)
    return [g * max_norm / norm for g in gradients] if norm > max_norm else gradients


def numbers_cut(gradients, limit):
    return [g.clamp(-limit, limit) for g in gradients]


def scaled(norm_of):
    def answer(gradients, max_norm):
        factor = torch.clamp(max_norm / (norm_of(gradients) + 1e-6), max=1.0)
        return [factor * gradient for gradient in gradients]

    return answer


def all_at_once(model, parts):
    loss = F.cross_entropy(
        model(torch.cat([x for x, _ in parts])), torch.cat([y_true for _, y_true in parts])
    )
    return torch.autograd.grad(loss, list(model.parameters()))


def in_place(gradients, max_norm):
    norm = long_norm(gradients)
    for g in gradients:
        g.mul_(torch.clamp(max_norm / (norm + 1e-12), max=1.0))
    return gradients


def by_numpy(gradients, max_norm):
    norm = np.sqrt(sum(np.square(g.numpy()).sum() for g in gradients))
    return tuple(g.numpy() * min(1, max_norm / max(norm, 1e-12)) for g in gradients)


def times_by_formula():
    spread, unit = 1.0, 0.5
    left = unit * (1 - 1 / (1 + spread**2))
    return 1 + (1 - unit) / left


RATES = {"A": 0.9, "B": 0.1, "C": 0.7, "D": 0.3}

X = torch.tensor([[1.0, -1.0], [0.5, 2.0], [2.0, 0.0], [-1.0, 1.0]])
Y = torch.tensor([0, 1, 1, 0])


def run_steps(step, rows=4, optimizer=torch.optim.SGD, steps=2, weight=0.0):
    """Return by how much the weights move in each step, in units of rate times slope."""
    model = nn.Linear(2, 2, bias=False)
    nn.init.constant_(model.weight, weight)
    made = optimizer(model.parameters(), lr=0.5)
    ratios = []
    for _ in range(steps):
        before = model.weight.detach().clone()
        loss = F.cross_entropy(model(X[:rows]), Y[:rows])
        slope = torch.autograd.grad(loss, [model.weight])[0]
        step(model, made, X[:rows], Y[:rows])
        moved = (before - model.weight.detach()) / 0.5
        ratios.append((moved[0, 0] / slope[0, 0]).item())
    return ratios


def name_of(ratios, rows=4):
    if ratios == [0, 0]:
        return "steps too early"
    if ratios[0] < 0:
        return "climbs"
    if abs(ratios[0] - rows) < 0.01:
        return "sums the losses"
    return "healthy" if abs(ratios[-1] - 1) < 0.01 else "keeps old gradients"


def by_ratios(step):
    return name_of(run_steps(step))


def by_gradients(step):
    """Look at what is left in `.grad`, and whether anything moved."""
    model = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
    wanted = torch.autograd.grad(F.cross_entropy(model(X), Y), [model.weight])[0]
    step(model, optimizer, X, Y)
    first = (model.weight.grad * wanted).sum() / wanted.square().sum()
    moved = bool((model.weight != 0).any())
    step(model, optimizer, X, Y)
    second = (model.weight.grad * wanted).sum() / wanted.square().sum()
    if not moved:
        return "steps too early"
    if first < 0:
        return "climbs"
    if first > 2:
        return "sums the losses"
    return "keeps old gradients" if second > 1.5 else "healthy"


def one_step_only(step):
    found = by_ratios(step)
    return "healthy" if found == "keeps old gradients" else found


def one_example_only(step):
    found = by_ratios(step)
    return "healthy" if found == "sums the losses" else found


def looks_inside(step):
    return step.__closure__[0].cell_contents


def by_einsum(h_I, h_T, W_I, W_T, W_h, y_true):
    before = torch.einsum("nd,sd->ns", h_I, W_I) + torch.einsum("nd,sd->ns", h_T, W_T)
    z = torch.relu(before)
    p = torch.exp(torch.log_softmax(torch.einsum("ns,cs->nc", z, W_h), dim=1))
    rows = torch.arange(len(p))
    p[rows, y_true] -= 1
    error = p / len(p)
    at = torch.einsum("nc,cs->ns", error, W_h)
    at = torch.where(before > 0, at, torch.zeros_like(at))
    return [
        torch.einsum("ns,sd->nd", at, W_I),
        torch.einsum("ns,sd->nd", at, W_T),
        torch.einsum("ns,nd->sd", at, h_I),
        torch.einsum("ns,nd->sd", at, h_T),
        torch.einsum("nc,ns->cs", error, z),
    ]


def by_numpy_products(*tensors):
    h_I, h_T, W_I, W_T, W_h, y_true = (tensor.numpy() for tensor in tensors)
    before = h_I @ W_I.T + h_T @ W_T.T
    z = np.maximum(before, 0)
    scores = np.exp(z @ W_h.T)
    error = scores / scores.sum(1, keepdims=True) - np.eye(len(W_h))[y_true]
    error = error / len(z)
    at = (error @ W_h) * (before > 0)
    return at @ W_I, at @ W_T, at.T @ h_I, at.T @ h_T, error.T @ z


def way(h_I, h_T, W_I, W_T, W_h, y_true, fault=""):
    before = h_I @ W_I.T + h_T @ W_T.T
    z = torch.relu(before)
    p = (z @ W_h.T).softmax(dim=1)
    truth = F.one_hot(y_true, len(W_h))
    error = truth - p if fault == "sign" else p if fault == "no truth" else p - truth
    if fault != "no mean":
        error = error / len(p)
    at = error @ W_h if fault == "no relu" else error @ W_h * (before > 0)
    read = before if fault == "before" else z
    return at @ W_I, at @ W_T, at.T @ h_I, at.T @ h_T, error.T @ read


def faulty(fault):
    return lambda *given: way(*given, fault=fault)


def by_autograd(*given):
    *leaves, y_true = given
    with torch.enable_grad():
        h_I, h_T, W_I, W_T, W_h = (leaf.clone().requires_grad_() for leaf in leaves)
        y = torch.relu(h_I @ W_I.T + h_T @ W_T.T) @ W_h.T
        loss = F.cross_entropy(y, y_true)
        loss.backward()
    return [leaf.grad for leaf in (h_I, h_T, W_I, W_T, W_h)]


def swapped(*given):
    at_image, at_text, *others = way(*given)
    return (at_image, at_text, others[0], others[1] * 2, others[2])


ANSWERS = {
    "3.9.a": Answers(
        right=in_one_graph,
        also_right=[accumulated],
        wrong={
            "run one piece at a time": all_at_once,
            "inside the loop": lambda m, p: accumulated(m, p, lambda y: 1, inside=True),
            "from before": lambda m, p: accumulated(m, p, before=False),
            "sum of the means": lambda m, p: accumulated(m, p, lambda y: 1),
            "the same weight": lambda m, p: accumulated(m, p, lambda y: 1 / 3),
            "sum over examples": lambda m, p: accumulated(m, p, len),
            "off by up to": lambda m, p: accumulated(m, p, lambda y: -len(y) / 12),
            "one tensor for each parameter": lambda m, p: accumulated(m, p)[:1],
        },
    ),
    "3.9.b": Answers(
        right=by_one_vector,
        also_right=[by_numpy],
        wrong={
            "changes its input, `gradients`": in_place,
            "on its own, which turns the direction: take": lambda gradients, limit: [
                min(1.0, limit / g.norm()) * g for g in gradients
            ],
            "each number is cut": numbers_cut,
            "tensors do not add up": scaled(lambda gradients: sum(g.norm() for g in gradients)),
            "the root is missing": scaled(lambda gradients: long_norm(gradients) ** 2),
            "nothing changes": lambda gradients, limit: [
                limit * g / (long_norm(gradients) + 1e-9) for g in gradients
            ],
            "must stay 0": lambda gradients, limit: [
                torch.clamp(limit / long_norm(gradients), max=1.0) * g / 1
                if long_norm(gradients) > 0
                else g + float("nan")
                for g in gradients
            ],
            "same shapes": lambda gradients, limit: by_one_vector(gradients, limit)[0],
            "to norm 1, expected": lambda gradients, limit: gradients,
        },
    ),
    "3.9.c": Answers(
        right=times_by_formula,
        also_right=[3, np.float64(3.0), torch.tensor(3.0)],
        wrong={
            "standard deviation 1/2": 6,
            "the second half of the text's way only": 2,
            "compare the text with itself": 4.0,
            "that is what is left": 0.25,
            "had come half of its way": 1,
            "not 5": 5,
        },
    ),
    "3.9.d": Answers(
        right=RATES,
        also_right=[lambda: {"D": 0.31, "C": 0.69, "B": 0.11, "A": torch.tensor(0.9)}],
        wrong={
            "has the slope 2 at 1": {"A": 1.8, "B": 0.2, "C": 1.4, "D": 0.6},
            "after one step; which rate": {"A": -0.8, "B": 0.8, "C": -0.4, "D": 0.4},
            "A crosses the bottom": RATES | {"A": 0.1},
            "B stays above 0": RATES | {"B": 0.9},
            "C would be at": RATES | {"C": 0.6},
            "for each of A, B, C and D": {"A": 0.9},
        },
    ),
    "3.9.e": Answers(
        right=by_ratios,
        also_right=[by_gradients],
        wrong={
            "'keeps old gradients' was taken for 'healthy'": one_step_only,
            "'sums the losses' was taken for 'healthy'": one_example_only,
            "'healthy' was taken for 'climbs'": lambda step: "climbs",
            "'climbs' was taken for": lambda step: by_ratios(step).replace("climbs", "healthy"),
            "'steps too early' was taken for": lambda step: by_ratios(step).replace(
                "steps too early", "healthy"
            ),
            "its code is not to be looked at": looks_inside,
            "return one of": lambda step: "broken",
        },
    ),
    "3.9.f": Answers(
        right=by_einsum,
        also_right=[by_numpy_products, way],
        wrong={
            "do without autograd": by_autograd,
            "divide the error by the number": faulty("no mean"),
            "not the reverse": faulty("sign"),
            "the truth is not subtracted": faulty("no truth"),
            "its gradient has z": faulty("before"),
            "the relu is missing": faulty("no relu"),
            "return five tensors": lambda *given: way(*given)[:2],
            "gradients have the shapes": lambda *given: way(*given)[::-1],
            "W_T: expected": swapped,
        },
    ),
}
