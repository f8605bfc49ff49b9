"""What is run again after a cell has lost its worker, with workers that only take notes."""

import pytest

from classroom.cells import Cell
from classroom.execution import Limits, run, seed_of
from classroom.session import Reply, WorkerLostError
from classroom.submission import Code


class Worker:
    """Stands in for a session: code that says LOSE loses it, ERROR is an error of the cell."""

    log: list[str]

    def __init__(self, log: list[str]):
        self.log = log
        log.append("start")

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.log.append("stop")

    def run(self, do, name, code, seed, seconds, *, reference=False) -> Reply:
        self.log.append(f"{do} {name}")
        reply = Reply(answers={"one": {"plain": "x"}} if do == "test" else {})
        if "LOSE" in code:
            raise WorkerLostError("took longer than 1 s", reply)
        if "ERROR" in code:
            reply.error = {"type": "ValueError", "message": "no", "line": 3, "cell": "a"}
        return reply


def asked(name: str, public: str = "", hidden: str = "") -> Code:
    return Code(name, public, Cell(name, "test", 1, public, hidden))


LIMITS = Limits()


def done(cells: list[Code], limits: Limits = LIMITS):
    log: list[str] = []
    found = run(cells, lambda: Worker(log), "secret", limits)  # type: ignore[arg-type]
    return found, log


def test_cells_run_in_order_up_to_the_last_test():
    found, log = done([Code("a", ""), asked("t"), Code("plots", "")])
    assert log == ["start", "cell a", "cell t", "test t", "stop"]
    assert found.errors == {}
    assert list(found.replies) == ["t"]


def test_without_tests_nothing_is_run():
    assert done([Code("a", "")])[1] == ["start", "stop"]


def test_an_error_is_noted_and_the_next_cell_runs():
    found, log = done([Code("a", "ERROR"), Code("b", "ERROR"), asked("t")])
    assert log == ["start", "cell a", "cell b", "cell t", "test t", "stop"]
    assert found.errors["a", "code"] == "ValueError: no (line 3)"
    assert found.errors["b", "code"] == "ValueError: no (line 3 of a)"


def test_a_cell_that_loses_the_worker_is_left_out_and_those_before_it_run_again():
    found, log = done([Code("a", ""), Code("b", "LOSE"), Code("c", ""), asked("t")])
    again = ["start", "cell a", "cell c", "cell t", "test t", "stop"]
    assert log == ["start", "cell a", "cell b", "stop", *again]
    assert found.errors == {("b", "code"): "took longer than 1 s"}


def test_tests_that_were_asked_are_not_asked_again():
    found, log = done([asked("t"), Code("b", "LOSE"), asked("u")])
    assert log[-5:] == ["stop", "start", "cell u", "test u", "stop"]
    assert set(found.replies) == {"t", "u"}


def test_answers_before_a_loss_count():
    found, _ = done([asked("t", hidden="LOSE"), asked("u")])
    assert found.replies["t"].answers == {"one": {"plain": "x"}}
    assert found.errors == {("t", "questions"): "took longer than 1 s"}


def test_when_an_open_test_loses_the_worker_its_questions_are_not_asked():
    found, log = done([asked("t", public="LOSE"), asked("u")])
    assert "test t" not in log
    assert found.replies["t"].answers == {}
    assert found.replies["u"].answers


def test_a_notebook_has_a_limit_too():
    found, log = done([Code("a", ""), asked("t")], Limits(least=0))
    assert log == ["start", "stop"]
    assert "took longer than 0 s in all" in found.errors["t", "code"]


def test_the_limit_of_a_cell_follows_the_reference():
    limits = Limits(10, 5, {("a", "code"): 2.0})
    assert limits.of("a", "code") == 20
    assert limits.of("a", "questions") == limits.of("added cell 1", "code") == 10
    assert limits.total == 70


@pytest.mark.parametrize("other", [("other", "t"), ("secret", "u")])
def test_seeds_differ_by_class_and_test_and_fit_a_generator(other):
    assert seed_of("secret", "t") == seed_of("secret", "t") != seed_of(*other)
    assert 0 <= seed_of("secret", "t") < 2**63
