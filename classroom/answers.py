"""Answers as plain data: what crosses the wall of the sandbox, and how two of them compare.

An answer is a number, a text, None, an array, or a list or dictionary of answers. It travels as
JSON; arrays as their bytes. Whoever decodes one knows that anything may have been sent.
"""

import base64
import math
import sys
from typing import Any

import numpy as np

TOLERANCE = 1e-4  # relative and absolute, for what is not whole
DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 "
    "complex64 complex128".split()
)


class AnswerError(Exception):
    """What should be an answer is none; the message says why, for a student."""


def encode(value: Any) -> Any:
    """Return an answer in a form that JSON takes.

    Raises:
        AnswerError: the value, or a part of it, is of no type that can be an answer.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(np.asarray(value))
    if value is None or isinstance(value, str):
        return {"plain": value}
    if isinstance(value, bool | int | float):
        return {"plain": value if math.isfinite(value) else repr(float(value)), "number": True}
    if isinstance(value, list | tuple):
        return {"list": [encode(part) for part in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), encode(part)] for key, part in value.items()]}
    raise AnswerError(f"a {type(value).__name__} came, where a number, tensor or text is expected")


def _encode_array(array: np.ndarray) -> Any:
    if array.dtype.name not in DTYPES:
        raise AnswerError(f"an array of {array.dtype} came, where numbers are expected")
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return {"array": data, "dtype": array.dtype.name, "shape": list(array.shape)}


def decode(sent: Any) -> Any:
    """Return what was encoded: arrays and numbers as arrays, tuples as lists.

    Raises:
        AnswerError: it was not made by `encode`.
    """
    try:
        return _decode(sent)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise AnswerError("an answer came that the grader cannot read") from None


def _decode(sent: Any) -> Any:
    if "array" in sent:
        if sent["dtype"] not in DTYPES:
            raise ValueError(sent["dtype"])
        data = np.frombuffer(base64.b64decode(sent["array"], validate=True), sent["dtype"])
        shape = tuple(int(size) for size in sent["shape"])
        if min(shape, default=0) < 0:
            raise ValueError(shape)
        return data.reshape(shape)
    if "list" in sent:
        return [_decode(part) for part in sent["list"]]
    if "dict" in sent:
        return {str(key): _decode(part) for key, part in sent["dict"]}
    value = sent["plain"]
    if sent.get("number"):
        return np.asarray(float(value) if isinstance(value, str) else _checked_number(value))
    if value is not None and not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _checked_number(value: Any) -> bool | int | float:
    if not isinstance(value, bool | int | float):
        raise TypeError(type(value))
    return value if isinstance(value, bool) or abs(value) < 2**63 else float(value)


def difference(expected: Any, got: Any) -> str | None:
    """Return what distinguishes an answer from the expected one, or None if nothing does.

    Shapes must be the same; dtypes, lists in place of arrays, and rounding do not matter. The
    sentence says nothing of the expected values, which a student might hand in next time.

    Args:
        expected: the decoded answer of the reference.
        got: the decoded answer of the student.
    """
    if isinstance(expected, np.ndarray):
        return _difference_of_arrays(expected, got)
    if isinstance(expected, list):
        if isinstance(got, np.ndarray) and got.ndim:
            got = [np.asarray(part) for part in got]
        if not isinstance(got, list) or len(got) != len(expected):
            return f"{len(expected)} values in a list are expected; {_described(got)} came"
        pairs = enumerate(zip(expected, got, strict=True))
        return _first(f"at position {place}" for place, pair in pairs if difference(*pair))
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(got) != set(expected):
            return f"a dictionary with other keys is expected; {_described(got)} came"
        return _first(f"at {key!r}" for key in expected if difference(expected[key], got[key]))
    if type(got) is not type(expected):
        kind = "None" if expected is None else "a text"
        return f"{kind} is expected; {_described(got)} came"
    return None if got == expected else "the text is another one"


def _first(places: Any) -> str | None:
    place = next(iter(places), None)
    return None if place is None else f"the value {place} is not the expected one"


def _difference_of_arrays(expected: np.ndarray, got: Any) -> str | None:
    if isinstance(got, list):
        got = _as_array(got)
    if not isinstance(got, np.ndarray):
        return f"{_described(expected)} is expected; {_described(got)} came"
    if got.shape != expected.shape:
        return f"{_described(expected)} is expected; {_described(got)} came"
    if expected.dtype.kind in "biu":
        same = np.array_equal(expected, got)
    else:
        same = np.allclose(got, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    return None if same else "the shape is right, the values are not" if got.ndim else "not so"


def _as_array(values: list[Any]) -> Any:
    """Return nested lists of numbers as an array; what is none, as it came."""
    parts = [_as_array(part) if isinstance(part, list) else part for part in values]
    if all(isinstance(part, np.ndarray) for part in parts):
        if len({part.shape for part in parts}) <= 1:
            return np.stack(parts) if parts else np.zeros(0)
    return values


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else "a number"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a dictionary with the keys " + ", ".join(sorted(map(repr, value))[:10])
    return "None" if value is None else "a text"
