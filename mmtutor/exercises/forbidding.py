"""What a task forbids: torch's functions, and modules, that an answer must do without."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from mmtutor.exercises.exercise import Mistake, expect

LOSSES = frozenset(
    "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy cross_entropy_loss "
    "nll_loss soft_margin_loss kl_div multilabel_soft_margin_loss logsigmoid_loss".split()
)
AUTOGRAD = frozenset({"backward", "grad"})


class _Listening(TorchFunctionMode):
    """Calls `heard` with each function of torch that runs, whatever name it was imported under."""

    def __init__(self, heard: Callable[[str, tuple[Any, ...], dict[str, Any]], None]) -> None:
        super().__init__()
        self.heard = heard

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.heard(getattr(func, "__name__", ""), args, kwargs or {})
        return func(*args, **(kwargs or {}))


def listening(
    answer: Callable[..., Any], heard: Callable[[str, tuple[Any, ...], dict[str, Any]], None]
) -> Callable[..., Any]:
    """Return the answer; while it runs, `heard` gets name and arguments of torch's functions."""

    def call(*args: Any) -> Any:
        with _Listening(heard):
            return answer(*args)

    return call


def without_functions(
    answer: Callable[..., Any], names: frozenset[str], mistake: str
) -> Callable[..., Any]:
    """Return the answer; it raises `Mistake` if it calls one of these functions of torch."""

    def heard(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if name.strip("_") in names:
            raise Mistake(mistake)

    return listening(answer, heard)


def without_modules(answer: Callable[..., Any], room: str, mistake: str) -> Callable[..., Any]:
    """Return the answer; it raises `Mistake` if it builds a module of this package.

    Args:
        answer: the function.
        room: beginning of the names of modules, such as `"mmtutor."`; empty for any module.
        mistake: what is said.
    """

    def call(*args: Any) -> Any:
        with _no_modules(room, mistake):
            return answer(*args)

    return call


def without_optimizers(answer: Callable[..., Any], mistake: str) -> Callable[..., Any]:
    """Return the answer; it raises `Mistake` if it makes an optimizer of torch."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Mistake(mistake)

    def call(*args: Any) -> Any:
        with mock.patch.object(torch.optim.Optimizer, "__init__", refuse):
            return answer(*args)

    return call


@contextmanager
def _no_modules(room: str, mistake: str) -> Iterator[None]:
    build = nn.Module.__init__

    def refuse(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        expect(not comes_from(type(self), room), mistake)
        build(self, *args, **kwargs)

    with mock.patch.object(nn.Module, "__init__", refuse):
        yield


def comes_from(kind: type, room: str) -> bool:
    """Return whether a class, or one that it inherits from, is defined there."""
    return any(each.__module__.startswith(room) for each in kind.__mro__)


def expect_no_look_inside(answer: Any) -> None:
    """Expect that an answer calls what it is given, and does not look at its code."""
    code = getattr(inspect.unwrap(answer), "__code__", None)
    seen: set[str] = set()
    codes = [code] if code else []
    while codes:
        code = codes.pop()
        seen |= {*code.co_names, *(const for const in code.co_consts if isinstance(const, str))}
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
    inside = seen & {"__closure__", "__code__", "cell_contents", "getclosurevars", "getsource"}
    expect(not inside, "find the fault by calling the function: its code is not to be looked at")
