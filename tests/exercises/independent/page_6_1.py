import numpy as np
import torch


def cost_by_copy(answer, inputs, y_true, name, order):
    shuffled = dict(inputs)
    shuffled[name] = inputs[name][order]
    before, after = ((answer(x).argmax(dim=1) == y_true).float().mean() for x in (inputs, shuffled))
    return before - after


def cost_by_numpy(answer, inputs, y_true, name, order):
    def right(x):
        return (answer(x).detach().numpy().argmax(axis=-1) == y_true.numpy()).mean()

    return right(inputs) - right(inputs | {name: inputs[name].index_select(0, order)})


def cost_by_taking_turns(answer, inputs, y_true, name, order):
    """Exchange the tensor in the dictionary, and put it back whatever happens."""
    with torch.no_grad():
        before = (answer(inputs).argmax(1) == y_true).sum().item()
        own = inputs[name]
        try:
            inputs[name] = torch.stack([own[i] for i in order.tolist()])
            after = (answer(inputs).argmax(1) == y_true).sum().item()
        finally:
            inputs[name] = own
    return (before - after) / len(y_true)


def right_share(answer, x, y_true):
    return (answer(x).argmax(dim=1) == y_true).double().mean()


def cost_for_good(answer, inputs, y_true, name, order):
    before = right_share(answer, inputs, y_true)
    inputs[name] = inputs[name][order]
    return before - right_share(answer, inputs, y_true)


def cost_in_tensor(answer, inputs, y_true, name, order):
    before = right_share(answer, inputs, y_true)
    shuffled = dict(inputs)
    shuffled[name][:] = inputs[name][order]
    return before - right_share(answer, shuffled, y_true)


def cost_restored_wrongly(answer, inputs, y_true, name, order):
    """Shuffle a second time: right only for an order that is its own inverse."""
    before = right_share(answer, inputs, y_true)
    inputs[name] = inputs[name][order]
    after = right_share(answer, inputs, y_true)
    inputs[name] = inputs[name][order]
    return before - after


def cost_of_all(answer, inputs, y_true, name, order):
    shuffled = {key: x[order] for key, x in inputs.items()}
    return right_share(answer, inputs, y_true) - right_share(answer, shuffled, y_true)


def cost_of_rolled_order(answer, inputs, y_true, name, order):
    return cost_by_copy(answer, inputs, y_true, name, order.roll(1))


def cost_of_zeros(answer, inputs, y_true, name, order):
    silent = inputs | {name: torch.zeros_like(inputs[name])}
    return right_share(answer, inputs, y_true) - right_share(answer, silent, y_true)


def cost_relative(answer, inputs, y_true, name, order):
    return cost_by_copy(answer, inputs, y_true, name, order) / right_share(answer, inputs, y_true)


def cost_in_logits(answer, inputs, y_true, name, order):
    shuffled = inputs | {name: inputs[name][order]}
    return (answer(inputs).argmax(dim=1) != answer(shuffled).argmax(dim=1)).double().mean()


def cost_of_columns(answer, inputs, y_true, name, order):
    x = inputs[name].flatten(1)
    columns = order[: x.shape[1]] % x.shape[1]
    moved = x.clone()
    moved[:, : len(columns)] = x[:, columns]
    shuffled = inputs | {name: moved.reshape(inputs[name].shape)}
    return right_share(answer, inputs, y_true) - right_share(answer, shuffled, y_true)


def honest_by_division(y, weights):
    p = y.softmax(dim=1) / weights
    return p / p.sum(dim=1, keepdim=True)


def honest_by_numpy(y, weights):
    s = y.detach().double().numpy() - np.log(weights.double().numpy())
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def honest_in_place(y, weights):
    y -= weights.log()
    return y.softmax(dim=1)


RIGHT = {
    "6.1.a": [cost_by_copy, cost_by_numpy, cost_by_taking_turns],
    "6.1.b": [
        lambda y, weights: torch.softmax(y - torch.log(weights), dim=1),
        honest_by_division,
        honest_by_numpy,
    ],
}

WRONG = {
    "6.1.a": [
        # A gain, not a loss.
        lambda answer, inputs, y_true, name, order: (
            -cost_by_copy(answer, inputs, y_true, name, order)
        ),
        # The dictionary stays shuffled.
        cost_for_good,
        # The tensor stays shuffled.
        cost_in_tensor,
        # Shuffled twice is not unshuffled.
        cost_restored_wrongly,
        # All modalities, together.
        cost_of_all,
        # The order, moved by one.
        cost_of_rolled_order,
        # The order backwards.
        lambda answer, inputs, y_true, name, order: cost_by_copy(
            answer, inputs, y_true, name, order.argsort()
        ),
        # Silenced, not shuffled.
        cost_of_zeros,
        # A part of the accuracy.
        cost_relative,
        # Answers that change, right or wrong.
        cost_in_logits,
        # Columns, not rows.
        cost_of_columns,
        # The accuracy when shuffled.
        lambda answer, inputs, y_true, name, order: (
            right_share(answer, inputs, y_true) - cost_by_copy(answer, inputs, y_true, name, order)
        ),
        # Shuffles the targets.
        lambda answer, inputs, y_true, name, order: (
            right_share(answer, inputs, y_true) - right_share(answer, inputs, y_true[order])
        ),
    ],
    "6.1.b": [
        # The weights counted twice.
        lambda y, weights: (y + weights.log()).softmax(dim=1),
        # Not summing to 1.
        lambda y, weights: y.softmax(dim=1) / weights,
        # Logits are divided.
        lambda y, weights: (y / weights).softmax(dim=1),
        # The weights, not their logarithms.
        lambda y, weights: (y - weights).softmax(dim=1),
        # Softmax over the examples.
        lambda y, weights: (y - weights.log()).softmax(dim=0),
        # Logarithms of the probabilities.
        lambda y, weights: (y - weights.log()).log_softmax(dim=1),
        # Logits.
        lambda y, weights: y - weights.log(),
        # As if there were no weights.
        lambda y, weights: y.softmax(dim=1),
        # Scaled over the whole batch: right for a batch of one.
        lambda y, weights: y.softmax(dim=1) / weights / (y.softmax(dim=1) / weights).sum(),
        # Changes the logits.
        honest_in_place,
        # In bits.
        lambda y, weights: (y - weights.log2()).softmax(dim=1),
    ],
}
