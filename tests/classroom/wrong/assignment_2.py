"""Assignment 2, quiet blocks."""

from tests.classroom.wrong.wrong import Key, Wrong

WRONG: dict[Key, list[Wrong]] = {
    ("2", 0, "quiet-block"): [
        Wrong("x + gain * self.branch(x)", "gain * (x + self.branch(x))", "the branch only"),
        Wrong("float(start)", "1.0", "begin with `start`"),
        Wrong(
            "nn.Parameter(torch.full((channels,), float(start)))", "torch.full((channels,), start)"
        ),
        Wrong("(channels,)", "(1,)", "shared by all channels"),
        Wrong("view(-1, *[1] * (x.ndim - 2))", "view(*[1] * (x.ndim - 2), -1)"),
        Wrong("x + gain * self.branch(x)", "gain * self.branch(x)", "shortcut is missing"),
        Wrong("[1] * (x.ndim - 2)", "[1, 1]"),
    ],
    ("2", 1, "quiet-block"): [
        Wrong(".logit()", "", "the first share s, not the first b"),
        Wrong("(1 - share) * x + share", "share * x + (1 - share)", "exchanged"),
        Wrong("(1 - share) * x", "x", "multiplied by 1 - s"),
        Wrong(
            "nn.Parameter(torch.full((channels,), float(start)).logit())",
            "torch.full((channels,), start).logit()",
        ),
        Wrong("view(-1, *[1] * (x.ndim - 2))", "view(*[1] * (x.ndim - 2), -1)"),
    ],
    ("2", 0, "gradient"): [
        Wrong("return to_f", "return g", "not g itself"),
        Wrong(".sum(dim=others)", ".mean(dim=others)", "do not average"),
        Wrong("(g * f).sum", "gain * (g * f).sum", "without the gain"),
        Wrong("axis != 1", "axis != 0"),
    ],
    ("2", 1, "gradient"): [
        Wrong("(f - x)", "f", "s stands before x too"),
        Wrong("share * (1 - share) * (g", "(g", "derivative of the sigmoid is missing"),
        Wrong(".sum(dim=others)", ".mean(dim=others)", "do not average"),
        Wrong("share.view", "b.view", "not by b"),
    ],
    ("2", 0, "random-depth"): [
        Wrong("kept / p * f", "kept * f", "divided by p"),
        Wrong("u < p", "u > p", "where u < p"),
        Wrong("return x + f\n", "return x + p * f\n", "in evaluation nothing is scaled"),
        Wrong("view(-1, *[1] * (x.ndim - 1))", "view(1, -1, 1)", "the first axis"),
        Wrong("    if p == 0:\n        return x\n", "    if p == 0:\n        return x + f\n"),
        Wrong("torch.arange(1, blocks + 1)", "torch.arange(blocks)", "ℓ = 1"),
        Wrong("x + kept / p * f", "(x + f) * kept / p", "never the shortcut"),
    ],
    ("2", 1, "random-depth"): [
        Wrong("x + p * branch(x)", "x + branch(x)", "has the weight p"),
        Wrong("x + branch(x) if u < p", "x + branch(x) / p if u < p", "nothing is divided by p"),
        Wrong("u < p", "u > p", "where u < p"),
        Wrong("else x\n", "else x + 0 * branch(x)\n", "should not be computed"),
        Wrong(
            "torch.arange(blocks) / (blocks - 1)",
            "torch.arange(1, blocks + 1) / blocks",
            "its p is 1",
        ),
        Wrong("else x\n", "else 0 * x\n", "it does not give zero"),
    ],
    ("2", 0, "count"): [
        Wrong("    for chance in p:", "    for chance in p.mean().expand(len(p)):", "binomial"),
        Wrong("    for chance in p:", "    for chance in 1 - p:", "left out"),
        Wrong("(1 - chance) * F.pad(chances, (0, 1))", "F.pad(chances, (0, 1))"),
        Wrong("    return chances", "    return chances[1:]"),
    ],
    ("2", 1, "count"): [
        Wrong("+ chance * F.pad", "+ F.pad", "alive or not"),
        Wrong("    for chance in p:", "    for chance in p.mean().expand(len(p)):", "the p differ"),
        Wrong("F.pad(alive, (0, 1)) +", "(1 - chance) * F.pad(alive, (0, 1)) +"),
        Wrong("    return alive", "    return alive / alive.sum()"),
    ],
    ("2", 0, "reversible"): [
        Wrong("x2 + g(y1)", "x2 + g(x1)", "not x1"),
        Wrong("y1 = x1 + f(x2)", "y1 = x1 + f(x1)", "second half"),
        Wrong("y1 - f(x2), x2", "y1 - f(y2), x2", "recovered first"),
        Wrong("reversed(blocks)", "blocks"),
        Wrong("for f, g in reversed", "for g, f in reversed"),
    ],
    ("2", 1, "reversible"): [
        Wrong("range(steps)", "range(steps - 1)", "count them again"),
        Wrong("x = y - f(x)", "x = x - f(x)", "not from the last x"),
        Wrong("    x = y\n", "    x = 0 * y\n", "first guess should be y"),
        Wrong("c**steps / (1 - c)", "c**steps", "1 / (1 - c)"),
        Wrong(".flatten(1)", "", "over all numbers"),
        Wrong(".norm(dim=1)", ".norm()", "for each example"),
        Wrong("reversed(branches)", "branches"),
    ],
}

RIGHT: list[tuple[Key, str]] = [
    (
        ("2", 0, "quiet-block"),
        """
class QuietBlock(nn.Module):
    def __init__(self, branch, channels, start):
        super().__init__()
        self.f = branch
        self.gammas = nn.ParameterList(torch.tensor(1.0 * start) for _ in range(channels))

    def forward(self, x):
        rows = self.f(x).movedim(1, 0)
        said = torch.stack([gamma * row for gamma, row in zip(self.gammas, rows)])
        return torch.add(said.movedim(0, 1), x)
""",
    ),
    (
        ("2", 0, "gradient"),
        """
def gain_backward(g, f, gain):
    gain, f = gain.clone().requires_grad_(), f.clone().requires_grad_()
    loss = (g.movedim(1, -1) * (f.movedim(1, -1) * gain)).sum()
    return torch.autograd.grad(loss, (f, gain))
""",
    ),
    (
        ("2", 0, "random-depth"),
        """
def random_depth(x, f, p, u, training):
    y = x.clone()
    for i in range(len(x)):
        if not training:
            y[i] += f[i]
        elif u[i] < p:
            y[i] += f[i] / p
    return y


def keep_probabilities(blocks, last):
    return [1 - (k + 1) / blocks * (1 - last) for k in range(blocks)]
""",
    ),
    (
        ("2", 0, "count"),
        """
import numpy as np


def depth_distribution(p):
    chances = np.ones(1)
    for one in p.numpy().astype(float):
        chances = np.convolve(chances, [1 - one, one])
    return chances
""",
    ),
    (
        ("2", 1, "count"),
        """
def living_paths(p):
    alive = [1.0] + [0.0] * len(p)
    for one in p.tolist():
        for k in range(len(p), 0, -1):
            alive[k] += one * alive[k - 1]
    return alive
""",
    ),
]
