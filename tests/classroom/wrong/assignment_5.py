"""Assignment 5, a challenge of the student's choice."""

from tests.classroom.wrong.wrong import Key, Wrong

_EXPECTED = "(possible * value).sum(dim=1) / tied"
_CHOSEN = "torch.where(total.isnan(), -torch.inf, even)"

_RANK = [
    Wrong("(scores == own).sum(dim=1)", "torch.ones_like(partner)", "ties count as wins"),
    Wrong("above, tied = (scores > own).sum(dim=1), (scores == own).sum(dim=1)",
          "above, tied = (scores >= own).sum(dim=1) - 1, torch.ones_like(partner)",
          "ties count as losses"),
    Wrong("above, tied = (scores > own).sum(dim=1), (scores == own).sum(dim=1)",
          "above, tied = (scores.argsort(dim=1, descending=True, stable=True) == "
          "partner[:, None]).int().argmax(dim=1), torch.ones_like(partner)",
          "order of their positions"),
    Wrong("(ranks <= k)", "(ranks < k)"),
    Wrong("scores > own", "scores < own"),
]  # fmt: skip

WRONG: dict[Key, list[Wrong]] = {
    ("5", 0, "weights"): [
        Wrong("counts.sum() / (counts * weights).sum()", "1 / weights[occurs].mean()",
              "not the mean over the classes"),
        Wrong("weights *= counts.sum() / (counts * weights).sum()", "pass", "scale the weights"),
        Wrong("-strength", "-1.0"),
        Wrong("minlength=classes", "minlength=0"),
    ],
    ("5", 1, "weights"): [
        Wrong("weights /= weights[occurs].mean()", "pass", "scale the weights"),
        Wrong("weights[occurs].mean()", "weights.mean()"),
        Wrong("weights[occurs].mean()", "((counts * weights).sum() / counts.sum())",
              "not over the examples"),
        Wrong("(1 - strength) / (1 - strength ** counts[occurs])",
              "(1 - strength ** counts[occurs]) / (1 - strength)", "the weight is one over it"),
    ],
    ("5", 0, "rank"): _RANK,
    ("5", 1, "rank"): [
        *_RANK,
        Wrong("value = value / ranks", "pass"),
        Wrong(_EXPECTED, "(ranks <= k).double()[0] / (above + (tied + 1) / 2)"),
    ],
    ("5", 0, "sweep"): [
        Wrong("sums = total", "sums = test[method].sum(dim=1, keepdim=True)",
              "chosen on the test data"),
        Wrong("sums = total", "sums = accuracy.amax(dim=1, keepdim=True)"),
        Wrong(_CHOSEN, "even.nan_to_num(nan=torch.inf)"),
        Wrong("(best == 0) | (best == rates - 1)", "best == rates - 1"),
        Wrong("read = test[method]", "read = accuracy"),
        Wrong("total = accuracy.sum(dim=1, keepdim=True)",
              "total = accuracy.nanmean(dim=1, keepdim=True)"),
    ],
    ("5", 1, "sweep"): [
        Wrong("sums = total - accuracy", "sums = accuracy", "by its own accuracy"),
        Wrong("sums = total - accuracy", "sums = total.expand_as(accuracy)"),
        Wrong(_CHOSEN, "torch.where(sums.isnan(), torch.inf, even)"),
        Wrong("at_edge.any()", "at_edge.all()"),
        Wrong("read = test[method]", "read = accuracy"),
    ],
    ("5", 0, "paired"): [
        Wrong("second.double().mean(dim=0) - first.double().mean(dim=0)",
              "first.double().mean(dim=0) - second.double().mean(dim=0)"),
        Wrong("[0.025, 0.975]", "[0.05, 0.95]", "the quantiles are"),
        Wrong("means.quantile(ends).tolist()",
              "(means.mean() + means.std() * torch.tensor([-1.96, 1.96])).tolist()"),
        Wrong("d[draws].mean(dim=1)", "d[draws].mean(dim=0)"),
    ],
    ("5", 1, "paired"): [
        Wrong("means.abs() >= abs(difference) - 1e-9", "means >= difference - 1e-9"),
        Wrong("(1 + extreme) / (1 + len(draws))", "extreme / len(draws)", "one more round"),
        Wrong("second.double().mean(dim=0) - first.double().mean(dim=0)",
              "first.double().mean(dim=0) - second.double().mean(dim=0)"),
    ],
    ("5", 0, "effect"): [
        Wrong("stats.t.ppf(0.975, len(delta) - 1)", "1.96", "Student's 2.78"),
        Wrong(" / len(delta) ** 0.5", "", "not the error of their mean"),
        Wrong("delta.std()", "delta.std(correction=0)", "divide by S - 1"),
        Wrong("delta.std()", "(100 * (a.var() + b.var()).sqrt())", "belong together in pairs"),
        Wrong("100 * (b - a)", "(b - a)"),
    ],
    ("5", 1, "effect"): [
        Wrong("stats.t.ppf(0.975, len(delta) - 1)", "1.96", "Student's 2.78"),
        Wrong(" / len(delta) ** 0.5", "", "not the error of their mean"),
        Wrong("((1 - b) / (1 - a)).log()", "(b / a).log()"),
        Wrong("ends.exp().tolist()", "ends.tolist()"),
    ],
    ("5", 0, "decide"): [
        Wrong("ends[0] > limit", "ends.mean() > limit"),
        Wrong("ends[0] > limit", "ends[0] > 0"),
        Wrong('else "open"\n', 'else "refuted"\n'),
        Wrong("ends[1] < limit", "ends[0] < limit", "what is open is not refuted"),
    ],
    ("5", 1, "decide"): [
        Wrong("limit / (len(p) - rank)", "limit", "without a correction"),
        Wrong("limit / (len(p) - rank)", "limit / len(p)", "Bonferroni"),
        Wrong("limit / (len(p) - rank)", "limit * (rank + 1) / len(p)", "Benjamini"),
        Wrong("p = measured.nan_to_num(nan=1.0)", "p = measured.nan_to_num(nan=0.0)"),
        Wrong("verdicts[i] = ", "verdicts[rank] = "),
    ],
}  # fmt: skip

RIGHT: list[tuple[Key, str]] = [
    (
        ("5", 0, "rank"),
        """
def rank_score(scores, partner, k):
    total = 0.0
    for row, i in zip(scores.tolist(), partner.tolist()):
        above = sum(x > row[i] for x in row)
        tied = row.count(row[i])
        total += min(max((k - above) / tied, 0), 1)
    return total / len(scores)
""",
    ),
    (
        ("5", 0, "sweep"),
        """
def fair_sweep(validation, test):
    result = {}
    for name in validation:
        means = [row.mean().item() for row in validation[name].double()]
        rate = max(range(len(means)), key=lambda i: -1 if means[i] != means[i] else means[i])
        last = len(means) - 1
        result[name] = {"rate": rate, "test": test[name][rate], "edge": rate in (0, last)}
    return result
""",
    ),
    (
        ("5", 1, "decide"),
        """
def decide(measured, limit):
    values = [1.0 if p != p else p for p in measured.tolist()]
    order = sorted(range(len(values)), key=values.__getitem__)
    alive, verdicts = True, {}
    for step, i in enumerate(order):
        alive = alive and values[i] <= limit / (len(values) - step) and values[i] < 1
        verdicts[i] = "holds" if alive else "open"
    return [verdicts[i] for i in range(len(values))]
""",
    ),
]
