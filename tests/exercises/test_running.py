"""What `exercises.check` survives, gives back, and says of answers that do not work."""

import functools
import signal
import sys
import threading

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from mmtutor import exercises
from tests.exercises.answers.page_2_1 import count_term_by_term
from tests.exercises.answers.page_3_2 import by_loop as right_maximum

FUNCTIONS = [n for n in exercises.numbers() if not exercises.find(n).is_value]


def test_an_endless_loop_is_stopped() -> None:
    def forever(in_channels, out_channels, stride):
        while True:
            in_channels += 1

    handler = signal.getsignal(signal.SIGALRM)
    result = exercises.check("2.1.a", forever, seconds=0.2)
    assert not result
    assert result.message.startswith("✗ 2.1.a: stopped after 0.2 seconds (line ")
    assert result.message.endswith(": does every loop come to an end?")
    assert signal.getsignal(signal.SIGALRM) == handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_loop_that_catches_everything_once_is_stopped_by_the_next_alarm() -> None:
    def stubborn(in_channels, out_channels, stride):
        for _ in range(2):
            try:
                while True:
                    pass
            except:  # noqa: E722, S110 - what a reader might write
                pass
        return 0

    assert "stopped after" not in exercises.check("2.1.a", stubborn, seconds=0.1).message
    assert "stopped after" in exercises.check("3.6.c", lambda: endless(), seconds=0.1).message


def endless() -> float:
    while True:
        pass


def test_an_import_is_not_cut_off(tmp_path, monkeypatch) -> None:
    (tmp_path / "slow_to_load.py").write_text(
        "import time\nend = time.monotonic() + 0.3\nwhile time.monotonic() < end: pass\ndone = True"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def importing(in_channels, out_channels, stride):
        import slow_to_load  # type: ignore[import-not-found]

        assert slow_to_load.done
        return endless()

    assert "stopped after" in exercises.check("2.1.a", importing, seconds=0.1).message
    assert sys.modules["slow_to_load"].done


def test_in_another_thread_there_is_no_limit_and_everything_else_works() -> None:
    results = []
    run = threading.Thread(
        target=lambda: results.append(exercises.check("2.1.a", count_term_by_term, seconds=1e-6))
    )
    run.start()
    run.join()
    assert results[0].passed


def test_exit_and_an_empty_stub_are_told() -> None:
    def leaves(*sizes):
        sys.exit()

    def to_do(in_channels, out_channels, stride):
        raise NotImplementedError

    assert "your code calls `exit` (line" in exercises.check("2.1.a", leaves).message
    told = exercises.check("2.1.a", to_do).message
    assert "raises NotImplementedError (line" in told
    assert told.endswith("put your answer in its place")


def test_an_interrupt_is_the_users() -> None:
    def interrupted(in_channels, out_channels, stride):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check("2.1.a", interrupted)


def test_what_an_answer_prints_comes_before_the_verdict(capsys) -> None:
    def chatty(*sizes):
        print("trying", *sizes)
        return 0

    exercises.check("2.1.a", chatty)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "trying 16 16 1"
    assert lines[-1].startswith("✗ 2.1.a: ")


def test_a_change_of_the_input_is_told() -> None:
    def emptied(x, mask):
        x[~mask.expand_as(x)] = -torch.inf
        return right_maximum(x, mask)

    def turned(numbers):
        numbers.reverse()
        return "sept"

    def evaluated(encoder, videos, lengths):
        return encoder.eval()(videos[:, :, 0])

    for number, answer, name in (
        ("3.2.a", emptied, "`x`: work on a copy"),
        ("1.2.a", turned, "`numbers`: work on a copy"),
        ("3.5.b", evaluated, "`encoder`: leave modes and weights"),
    ):
        assert f"your function changes its input, {name}" in exercises.check(number, answer).message


def settings() -> tuple[object, ...]:
    threads = torch.get_num_threads()
    return torch.get_default_dtype(), torch.is_grad_enabled(), threads, np.geterr()


def test_global_settings_are_given_back_and_do_not_matter() -> None:
    def unsettling(x, mask):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(torch.get_num_threads() + 1)
        np.seterr(all="ignore")
        return right_maximum(x, mask)

    before = settings()
    assert not exercises.check("3.2.a", unsettling)
    assert settings() == before
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert exercises.check("3.2.a", right_maximum)
            assert exercises.check("2.1.b", functools.partial(zeroed, "norm2"))
            assert torch.get_default_dtype() == torch.float64
            assert not torch.is_grad_enabled()
    finally:
        torch.set_default_dtype(torch.float32)


def zeroed(name: str, branch: nn.Module) -> nn.Module:
    for parameter in branch.get_submodule(name).parameters():
        nn.init.zeros_(parameter)
    return branch


@pytest.mark.parametrize("number", exercises.numbers())
def test_the_reference_solution_is_nobodys_answer(number: str) -> None:
    result = exercises.check(number, exercises.find(number).solution)
    assert (result.passed, result.attempted) == (False, True)
    assert "this is the reference solution" in result.message


@pytest.mark.parametrize("number", FUNCTIONS)
def test_what_a_function_returns_is_not_the_function(number: str) -> None:
    name = exercises.find(number).solution.__name__
    told = f'✗ {number}: give the function itself, `exercises.check("{number}", {name})`'
    for value, kind in ((3, "an int"), (torch.zeros(2), "shape (2,)"), (None, "a NoneType")):
        message = exercises.check(number, value).message
        assert message.startswith(told)
        assert message.endswith(kind)


def test_the_parameters_are_told() -> None:
    told = exercises.check("2.1.a", lambda channels: 3).message
    assert "is called with (in_channels, out_channels, stride), in this order" in told
    assert told.endswith("it takes (channels)")


def test_an_error_outside_of_the_answer_is_about_what_it_returned() -> None:
    message = exercises.check(
        "4.3.b", lambda h, present, absent: dict.fromkeys(absent, "x")
    ).message
    assert "your code stopped" not in message
    assert "return numbers, such as a tensor; got a str" in message
    message = exercises.check("5.1.b", lambda model, batches: nn.Identity()).message
    assert "your code stopped" not in message


def test_an_answer_of_one_precision_is_right() -> None:
    def in_float(counts, means, variances):
        weights = torch.ones(len(counts)) * counts
        return means.float().T @ weights / counts.sum(), variances[0]

    told = exercises.check("5.9.a", in_float).message
    assert "your code stopped" not in told


CELLS = {
    'def f(i, o, s): ...\n\n\nexercises.check("2.1.a", f)': "2.1.a: not attempted yet\n",
    'exercises.check("2.1.a", lambda i, o, s: 2 * 9 * 256)': (
        "✗ 2.1.a: a normalization has a weight and a bias for each channel\n"
    ),
    'def f(i, o, s):\n    while True: o += 1\nexercises.check("2.1.a", f, seconds=1)': (
        "✗ 2.1.a: stopped after 1 seconds (line 2: `while True: o += 1`): "
        "does every loop come to an end?\n"
    ),
    'def f(i, o, s):\n    return i / (o - o)\nexercises.check("2.1.a", f)': (
        "✗ 2.1.a: your code stopped with ZeroDivisionError: division by zero "
        "(line 2: `return i / (o - o)`)\n"
    ),
}


@pytest.mark.slow
def test_as_the_last_value_of_a_cell_a_result_shows_nothing_more() -> None:
    sources = ["from mmtutor import exercises", *CELLS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, timeout=120).execute()
    for cell, text in zip(notebook.cells[1:], CELLS.values(), strict=True):
        assert cell.outputs == [{"output_type": "stream", "name": "stdout", "text": text}]
