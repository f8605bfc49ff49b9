import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def accuracy(answer, inputs, y_true):
    return sum(answer(inputs).max(dim=1).indices == y_true) / len(y_true)


def by_index_select(answer, inputs, y_true, name, order):
    copy = dict(inputs)
    copy[name] = inputs[name].index_select(0, order)
    return accuracy(answer, inputs, y_true) - accuracy(answer, copy, y_true)


def in_place(answer, inputs, y_true, name, order):
    before = accuracy(answer, inputs, y_true)
    inputs[name][:] = inputs[name][order]
    return before - accuracy(answer, inputs, y_true)


def sign_turned(*arguments):
    return -by_index_select(*arguments)


def what_is_left(answer, inputs, y_true, name, order):
    return accuracy(answer, inputs | {name: inputs[name][order]}, y_true)


def all_at_once(answer, inputs, y_true, name, order):
    copy = {key: x[order] for key, x in inputs.items()}
    return accuracy(answer, inputs, y_true) - accuracy(answer, copy, y_true)


def columns(answer, inputs, y_true, name, order):
    copy = inputs | {name: inputs[name].flip(1)}
    return accuracy(answer, inputs, y_true) - accuracy(answer, copy, y_true)


def in_percent(*arguments):
    return 100 * by_index_select(*arguments)


def by_division(y, weights):
    p = y.softmax(dim=1) / weights
    return p / p.sum(dim=1, keepdim=True)


def share_of_changed_answers(answer, inputs, y_true, name, order):
    before, after = (
        answer(x).argmax(dim=1) for x in (inputs, inputs | {name: inputs[name][order]})
    )
    return (before != after).double().mean()


def only_the_losses(answer, inputs, y_true, name, order):
    before, after = (
        answer(x).argmax(dim=1) for x in (inputs, inputs | {name: inputs[name][order]})
    )
    return ((before == y_true) & (after != y_true)).double().mean()


def by_numpy(answer, inputs, y_true, name, order):
    copy = {key: x[order] if key == name else x for key, x in inputs.items()}
    hits = [(answer(x).argmax(dim=1) == y_true).numpy() for x in (inputs, copy)]
    return np.mean(hits[0]) - np.mean(hits[1])


def by_log_sum_exp(y, weights):
    shifted = y.double() - weights.double().log()
    return (shifted - shifted.logsumexp(dim=1, keepdim=True)).exp().tolist()


ANSWERS = {
    "6.1.a": Answers(
        right=by_index_select,
        also_right=[by_numpy],
        wrong={
            "for (a function, {": only_the_losses,
            "for (a function": share_of_changed_answers,
            "changes its input, `inputs`": in_place,
            "the sign is wrong": sign_turned,
            "accuracy after the shuffle": what_is_left,
            "not both": all_at_once,
            "leave the targets": columns,
            "from −1 to 1": in_percent,
        },
    ),
    "6.1.b": Answers(
        right=by_division,
        also_right=[by_log_sum_exp],
        wrong={
            "a second time": lambda y, weights: (y + weights.log()).softmax(dim=1),
            "it is their logarithm": lambda y, weights: (y - weights).softmax(dim=1),
            "with the weights in them": lambda y, weights: y.softmax(dim=1),
            "must sum to 1": lambda y, weights: y.softmax(dim=1) / weights,
            "a probability for each class": lambda y, weights: by_division(y, weights)[:, 0],
            "expected [0.8": lambda y, weights: by_division(y, torch.sqrt(weights)),
        },
    ),
}
