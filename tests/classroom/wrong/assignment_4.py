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
        Wrong("image & ~text", "image"),
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
