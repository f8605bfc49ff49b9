"""Assignment 4, the program on letters and their names."""

from tests.classroom.wrong.wrong import Key, Wrong

_FILLED = "h = torch.where(here[:, None], h, mean.clone())"
_PLACES = "places = [torch.where(ink == 0, 0.0, place) for place in places]"

WRONG: dict[Key, list[Wrong]] = {
    ("4", 0, "told"): [
        Wrong("sum(best.values()) / n", "sum(best.values()) / len(set(keys))"),
        Wrong("max(best.get(key, 0), times)", "times"),
        Wrong("best[key] = max(best.get(key, 0), times)", "best[0] = max(best.get(0, 0), times)"),
    ],
    ("4", 1, "told"): [
        Wrong("math.log2", "math.log", "in nats"),
        Wrong("math.log2(n * times / (of_key[key] * of_label[label]))",
              "math.log2(n / of_label[label])", "entropy of the label"),
        Wrong("times / n * math", "1 / len(count) * math"),
    ],
    ("4", 0, "place"): [
        Wrong("[x, v * ones, u * ones]", "[x, u * ones, v * ones]"),
        Wrong("[x, v * ones, u * ones]", "[v * ones, u * ones, x]"),
        Wrong("torch.linspace(-1, 1, height)", "torch.linspace(1, -1, height)"),
        Wrong("torch.linspace(-1, 1, width)", "torch.linspace(0, 1, width)"),
    ],
    ("4", 1, "place"): [
        Wrong("encoder.out_features + 3", "encoder.out_features"),
        Wrong("(x * at).sum(dim=(1, 2, 3)) / safe", "(x * at).mean(dim=(1, 2, 3))"),
        Wrong(_PLACES, "places = [place / (ink != 0) for place in places]"),
        Wrong("for at in (v, u)", "for at in (u, v)"),
        Wrong("x.mean(dim=(1, 2, 3))", "x.sum(dim=(1, 2, 3))"),
    ],
    ("4", 0, "program"): [
        Wrong("total = total * len(self.encoders) / known.clamp(min=1)", "pass",
              "adds nothing here"),
        Wrong("total * len(self.encoders) / known", "total / known", "the factor is M / k"),
        Wrong("        total = total * len(self.encoders) / known.clamp(min=1)\n"
              "        return self.bias + total",
              "        return (self.bias + total) * len(self.encoders) / known.clamp(min=1)",
              "the bias is not scaled"),
        Wrong("total * len(self.encoders)", "total * len(inputs)"),
        Wrong("h[here] = encoder(inputs[m][here])",
              "h = encoder(inputs[m].nan_to_num()) * here[:, None]"),
        Wrong("known.clamp(min=1)", "known"),
    ],
    ("4", 1, "program"): [
        Wrong(_FILLED, "pass", "adds nothing here"),
        Wrong("mean.mul_(0.9).add_(0.1 *", "mean.mul_(0.1).add_(0.9 *"),
        Wrong("if self.training and here.any()", "if here.any()"),
        Wrong("h[here].mean(dim=0).detach()", "h.mean(dim=0).detach()"),
        Wrong(_FILLED, "h = torch.where(here[:, None], h, h[here].mean(dim=0))"),
        Wrong("h[here] = encoder(inputs[m][here])",
              "h = encoder(inputs[m].nan_to_num()) * here[:, None]"),
    ],
    ("4", 0, "step"): [
        Wrong('targets, reduction="sum") / count', "targets)", "added the means"),
        Wrong('targets, reduction="sum") / count', "targets) / len(micro_batches)",
              "all examples count the same"),
        Wrong("optimizer.zero_grad()", "pass"),
        Wrong("total += loss.item()", "total = loss.item()"),
        Wrong("        loss.backward()\n",
              "        loss.backward()\n"
              "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"),
        Wrong("list(model.parameters())", "list(model.encoders.parameters())"),
    ],
    ("4", 1, "step"): [
        Wrong('targets, reduction="sum") / count', "targets)", "added the means"),
        Wrong("optimizer.zero_grad()", "pass"),
        Wrong(", *model.heads[m].parameters()]", "]"),
        Wrong("m: [*model.encoders[m].parameters(), *model.heads[m].parameters()]",
              "m: list(model.parameters())"),
        Wrong("clip_grad_norm_(part, max_norm).item()",
              "clip_grad_norm_(part, max_norm).clamp(max=max_norm).item()"),
    ],
    ("4", 0, "interval"): [
        Wrong("group.unique(return_inverse=True)[1]", "torch.arange(len(group))"),
        Wrong("(groups - 1) / groups * ", ""),
        Wrong("(without - without.mean())", "(without - p) * 0 + (without - without[0])"),
        Wrong("(sums.sum() - sums) / (n - sizes)", "sums / sizes"),
        Wrong("(n - sizes)", "n"),
    ],
    ("4", 1, "interval"): [
        Wrong("group.unique(return_inverse=True)[1]", "torch.arange(len(group))",
              "takes all rows for independent"),
        Wrong("middle = p + z**2 / (2 * count)", "middle = p"),
        Wrong("/ (1 + z**2 / count)", ""),
        Wrong("count = groups if", "count = n if"),
        Wrong("/ n**2", "/ n"),
    ],
    ("4", 0, "ablation"): [
        Wrong("both & ~image & ~text", "both & ~(image & text)"),
        Wrong("~both & (image | text)", "~both"),
        Wrong('"image only": image & ~text', '"image only": image'),
        Wrong('"redundant": image & text', '"redundant": image & text & both'),
    ],
    ("4", 1, "ablation"): [
        Wrong('(("image", text), ("text", image))', '(("image", image), ("text", text))',
              "specialist of the other modality"),
        Wrong("- (gained - lost) ** 2", ""),
        Wrong("(gained - lost, error)", "(gained, error)"),
        Wrong(" / len(both)) ** 0.5", ") ** 0.5"),
    ],
}  # fmt: skip

RIGHT: list[tuple[Key, str]] = [
    (
        ("4", 0, "told"),
        """
from collections import Counter

def told(keys, labels):
    best = {}
    for key, label in zip(keys, labels.tolist()):
        best.setdefault(key, Counter())[label] += 1
    right = sum(max(counter.values()) for counter in best.values())
    return torch.tensor(right / len(keys))
""",
    ),
    (
        ("4", 0, "program"),
        """
class Program(nn.Module):
    def __init__(self, encoders, classes):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(classes))
        self.encoders = nn.ModuleDict(encoders)
        self.heads = nn.ModuleDict()
        for name in encoders:
            self.heads[name] = nn.Linear(encoders[name].out_features, classes, bias=False)

    def forward(self, inputs, present=None):
        n = max(len(x) for x in inputs.values())
        total, k = [torch.zeros(len(self.bias)) for _ in range(n)], [0] * n
        for name, x in inputs.items():
            here = torch.ones(n).bool()
            if present is not None and name in present:
                here = present[name]
            rows = here.nonzero()[:, 0].tolist()
            if rows:
                for i, term in zip(rows, self.heads[name](self.encoders[name](x[rows]))):
                    total[i] = total[i] + term
                    k[i] += 1
        m = len(self.encoders)
        return torch.stack([self.bias + t * (m / c if c else 1) for t, c in zip(total, k)])
""",
    ),
    (
        ("4", 1, "step"),
        """
def train_step(model, micro_batches, optimizer, max_norm):
    for p in model.parameters():
        p.grad = None
    x = {m: torch.cat([b[0][m] for b in micro_batches]) for m in micro_batches[0][0]}
    present = micro_batches[0][1]
    if present is not None:
        present = {m: torch.cat([b[1][m] for b in micro_batches]) for m in present}
    loss = F.cross_entropy(model(x, present), torch.cat([b[2] for b in micro_batches]))
    loss.backward()
    norms = {}
    for m in model.encoders:
        part = list(model.encoders[m].parameters()) + list(model.heads[m].parameters())
        norms[m] = sum(p.grad.pow(2).sum() for p in part).sqrt().item()
        for p in part:
            p.grad *= min(1.0, max_norm / norms[m])
    optimizer.step()
    return loss.item(), norms
""",
    ),
    (
        ("4", 0, "interval"),
        """
def interval(right, group):
    right, group = right.numpy(), group.numpy()
    names = np.unique(group)
    left = np.array([right[group != g].mean() for g in names])
    se = np.sqrt((len(names) - 1) * left.var())
    return right.mean(), right.mean() - 1.96 * se, right.mean() + 1.96 * se
""",
    ),
]
