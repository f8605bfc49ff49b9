"""Running a reader's answer, which may do anything: loop, exit, change what it is given."""

import copy
import functools
import inspect
import linecache
import random
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import agree, beside, described, shown
from mmtutor.exercises.exercise import Exercise, Mistake, expect, is_untouched
from mmtutor.exercises.gradients import expect_gradients
from mmtutor.exercises.result import Result


class _OutOfTime(BaseException):
    """Raised in the answer; no `except Exception` of the reader catches it."""


def judge(number: str, exercise: Exercise, answer: Any, seconds: float) -> Result:
    """Return whether an answer is right, and if not, what the likely mistake is.

    Only a `KeyboardInterrupt` gets out: it belongs to the user.
    """
    if is_untouched(answer):
        return Result(number, False, False, f"{number}: not attempted yet")
    if _is_reference(answer, exercise):
        told = "this is the reference solution; what does your own say?"
        return Result(number, False, True, f"✗ {number}: {told}")
    # The experiment behind a prediction is ours and may take its time; only the answer may not.
    limit = nullcontext() if exercise.is_value else time_limit(seconds)
    try:
        with keeping_random_states(), standard_settings(), limit:
            measured = _tried(number, exercise, answer, seconds)
    except Mistake as mistake:
        told = str(mistake)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = _told(error, answer, seconds)
    else:
        said = " ".join(filter(None, [f"✓ {number}: right.", measured, exercise.praise]))
        return Result(number, True, True, said)
    return Result(number, False, True, f"✗ {number}: {told}")


def _tried(number: str, exercise: Exercise, answer: Any, seconds: float) -> str | None:
    if not exercise.is_value:
        expect(
            callable(answer) and not isinstance(answer, nn.Module),
            f'give the function itself, `exercises.check("{number}", '
            f"{exercise.solution.__name__})`, not what it returns; got {described(answer)}",
        )
    watched = returning(answer, exercise, seconds)
    measured = exercise.check(watched)
    for case in exercise.cases():
        wanted = exercise.solution(*map(_fresh, case))
        given = watched(*map(_fresh, case))
        inputs = ", ".join(shown(each) for each in case)
        expect(agree(given, wanted), f"for ({inputs}) {beside(given, wanted)}")
        if exercise.gradients:
            expect_gradients(watched, exercise, [_fresh(each) for each in case])
    return measured


def _fresh(value: Any) -> Any:
    """Return a copy for one call; of tensors by `clone`, which keeps what kind they are."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in (list, tuple):
        return type(value)(map(_fresh, value))
    if type(value) is dict:
        return {key: _fresh(entry) for key, entry in value.items()}
    return copy.deepcopy(value)


def _is_reference(answer: Any, exercise: Exercise) -> bool:
    code = getattr(answer, "__code__", None)
    return answer is exercise.solution or (
        code is not None and code is getattr(exercise.solution, "__code__", None)
    )


def returning(answer: Any, exercise: Exercise, seconds: float) -> Any:
    """Return the answer; if it is a function, one that watches each of its calls.

    A call raises `Mistake` if it cannot be made, gives None, or changes the arguments. So a check
    need not ask whether a `return` was forgotten, or compare its inputs before and after. Torch's
    global settings are given back after each call.
    """
    if not callable(answer) or isinstance(answer, type | nn.Module):
        return answer
    names = [*inspect.signature(exercise.solution).parameters]

    @functools.wraps(answer)
    def call(*args: Any, **kwargs: Any) -> Any:
        _expect_parameters(answer, names, args, kwargs)
        before = [_kept(value) for value in args]
        with settings_given_back(), time_limit(seconds) if exercise.is_value else nullcontext():
            result = _in_any_precision(answer, args, kwargs)
        expect(result is not None, "your function returns None: is a `return` missing?")
        for name, old, new in zip(names, before, args, strict=False):
            told = "leave modes and weights" if isinstance(new, nn.Module) else "work on a copy"
            expect(
                name in exercise.changes or _is_same(old, new),
                f"your function changes its input, `{name}`: {told}",
            )
        return result

    return call


def _in_any_precision(
    answer: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call an answer; if it mixes precisions, call it again with inputs of one precision.

    The pages give 32 bits. Where a check gives 64, to compare more digits, an answer that says
    `.float()` is right all the same, and so is one that says `.double()` where it gives 32.
    """
    try:
        return answer(*args, **kwargs)
    except RuntimeError as error:
        if not any(word in str(error) for word in ("dtype", "Double", "scalar type")):
            raise
        for dtype in (torch.float32, torch.float64):
            try:
                return answer(*(_cast(value, dtype) for value in args), **kwargs)
            except RuntimeError:
                continue
        raise


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if type(value) in (list, tuple):
        return type(value)(_cast(entry, dtype) for entry in value)
    if type(value) is dict:
        return {key: _cast(entry, dtype) for key, entry in value.items()}
    return value


def _expect_parameters(
    answer: Callable[..., Any], names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        inspect.signature(answer).bind(*args, **kwargs)
    except ValueError:  # a function of C without a signature
        return
    except TypeError:
        raise Mistake(
            f"your function is called with ({', '.join(names)}), in this order; it takes "
            f"{inspect.signature(answer)}"
        ) from None


def _kept(value: Any) -> Any:
    """Return a copy of what numbers, containers and modules hold now; else the thing itself."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, nn.Module):
        modes = {name: part.training for name, part in value.named_modules()}
        learning = {name: each.requires_grad for name, each in value.named_parameters()}
        return {"modes": modes, "learning": learning, "state": _kept(dict(value.state_dict()))}
    if type(value) in (list, tuple):
        return [_kept(entry) for entry in value]
    if type(value) is dict:
        return {key: _kept(entry) for key, entry in value.items()}
    return value


def _is_same(old: Any, new: Any) -> bool:
    if isinstance(new, nn.Module):
        new = _kept(new)
    if isinstance(old, Tensor | np.ndarray):
        old, new = (np.asarray(torch.as_tensor(each).detach()) for each in (old, new))
        return old.dtype == new.dtype and np.array_equal(old, new, equal_nan=True)
    if isinstance(old, list):
        return len(old) == len(new) and all(map(_is_same, old, new))
    if isinstance(old, Mapping):
        return list(old) == list(new) and all(_is_same(old[key], new[key]) for key in old)
    return old is new or bool(old == new)


def _told(error: BaseException, answer: Any, seconds: float) -> str:
    """Return what is said of an error: of the reader's code, or of what it returned."""
    where = _line(error, answer)
    message = " ".join(str(error).split())
    named = type(error).__name__ + (f": {message}" if message else "")
    if isinstance(error, _OutOfTime):
        return f"stopped after {seconds:g} seconds{where}: does every loop come to an end?"
    if isinstance(error, SystemExit):
        return f"your code calls `exit`{where}, which would end the notebook: return the answer"
    if isinstance(error, NotImplementedError) and where and not message:
        return f"your code raises NotImplementedError{where}: put your answer in its place"
    if where:
        return f"your code stopped with {named}{where}"
    return f"what your answer returns does not fit the task; the check stopped with {named}"


def _line(error: BaseException, answer: Any) -> str:
    """Return the last line of the reader's code that an error came through, or nothing."""
    files = _files(answer)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    if not frames:
        return ""
    code = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
    return f" (line {frames[-1].lineno}{f': `{code}`' if code else ''})"


def _files(answer: Any) -> set[str]:
    """Return the files, or cells, in which an answer is written."""
    while isinstance(answer, functools.partial):
        answer = answer.func
    owner = answer if isinstance(answer, type) else type(answer)
    found = [answer, *vars(owner).values()]
    codes = [getattr(inspect.unwrap(each), "__code__", None) for each in found if callable(each)]
    return {code.co_filename for code in codes if code is not None}


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what runs longer than this, in the main thread of Linux and macOS.

    An alarm of the system interrupts between two steps of Python; a single long call of C, such
    as a product of huge matrices, is interrupted when it returns. On Windows, and in other
    threads, there is no such alarm and no limit: interrupt the kernel there.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, frame: FrameType | None) -> None:
        # An import that is cut off would leave half a module behind: wait for the next alarm.
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return
            frame = frame.f_back
        raise _OutOfTime

    handler = signal.signal(signal.SIGALRM, ring)
    # It rings again every second, should the answer have caught the first with a bare `except:`.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextmanager
def standard_settings() -> Iterator[None]:
    """Check as in a fresh session, whatever the user has set, and give the settings back."""
    with settings_given_back():
        torch.set_default_dtype(torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            yield


@contextmanager
def settings_given_back() -> Iterator[None]:
    """Give torch's and NumPy's global settings back as they were."""
    with ExitStack() as stack:
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        stack.callback(_set_threads, torch.get_num_threads())
        stack.callback(np.seterr, **np.geterr())
        yield


def _set_threads(threads: int) -> None:
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@contextmanager
def keeping_random_states() -> Iterator[None]:
    """Give the global generators of Python, NumPy and torch (on the CPU) back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
