"""Every assignment asks what only a right solution can answer."""

import functools

import pytest

from classroom import source
from classroom.answers import difference
from tests.classroom import grading
from tests.classroom.wrong import RIGHT, WRONG

VARIANTS = [
    (path, variant) for path in source.find() for variant in range(source.count_variants(path))
]
CASES = [
    pytest.param(key, wrong, id=f"{key[0]}, variant {key[1]}, {key[2]}: {wrong.new[:40]!r}")
    for key, all_wrong in WRONG.items()
    for wrong in all_wrong
]
each_variant = pytest.mark.parametrize(
    ("path", "variant"), VARIANTS, ids=[f"{path.stem}, variant {v}" for path, v in VARIANTS]
)


@functools.cache
def load(path, variant):
    return source.load(path, variant)


@functools.cache
def known(path, variant):
    return grading.expected(load(path, variant))


def first_test_behind(assignment, solution):
    """Return the first test behind a solution cell."""
    names = [cell.grade_id for cell in assignment.cells]
    behind = assignment.cells[names.index(solution) :]
    return next(cell for cell in behind if cell.kind == "test")


@each_variant
def test_an_assignment_has_40_points_of_which_the_teacher_gives_at_most_10(path, variant):
    assignment = load(path, variant)
    assert assignment.points == 40
    assert 0 < sum(cell.points for cell in assignment.written) <= 10


@each_variant
def test_the_reference_solution_passes_the_open_tests_and_earns_all_points(path, variant):
    assignment = load(path, variant)
    graded = grading.grade(assignment, {}, known(path, variant))
    assert all(graded[test.grade_id].points == test.points for test in assignment.tests)


@each_variant
def test_every_answer_differs_between_two_seeds(path, variant):
    first, second = (known(path, variant), grading.expected(load(path, variant), "class of 2027"))
    same = [
        (test, one.name)
        for test in first
        for one, other in zip(first[test], second[test], strict=True)
        if difference(one.value, other.value) is None
    ]
    assert same == []


@each_variant
def test_no_known_mistake_is_the_right_answer(path, variant):
    right = [
        (one.name, said)
        for answers in known(path, variant).values()
        for one in answers
        for said, value in one.mistakes.items()
        if difference(one.value, value) is None
    ]
    assert right == []


@each_variant
def test_untouched_stubs_earn_nothing(path, variant):
    assignment = load(path, variant)
    stubs = {cell.grade_id: cell.released for cell in assignment.cells if cell.kind == "solution"}
    graded = grading.grade(assignment, stubs, known(path, variant))
    assert {task: graded[task].points for task in graded if graded[task].points} == {}


@pytest.mark.parametrize(("key", "wrong"), CASES)
def test_a_wrong_solution_does_not_earn_all_points(key, wrong):
    number, variant, solution = key
    (path,) = source.find(number)
    assignment = load(path, variant)
    reference = next(cell.code for cell in assignment.cells if cell.grade_id == solution)
    assert reference.count(wrong.old) == 1, "the reference does not hold what is replaced"
    test = first_test_behind(assignment, solution)
    code = {solution: reference.replace(wrong.old, wrong.new)}
    task = grading.grade(assignment, code, known(path, variant))[test.grade_id]
    assert task.points < test.points
    said = " | ".join([*(answer.message for answer in task.answers), *task.problems])
    assert wrong.says in said


@pytest.mark.parametrize(("key", "code"), RIGHT, ids=lambda value: str(value)[:40])
def test_another_right_solution_earns_all_points(key, code):
    number, variant, solution = key
    (path,) = source.find(number)
    assignment = load(path, variant)
    test = first_test_behind(assignment, solution)
    task = grading.grade(assignment, {solution: code}, known(path, variant))[test.grade_id]
    assert (task.points, task.problems) == (test.points, [])


@pytest.mark.parametrize("number", ["2", "3"])
def test_every_task_is_tried_with_three_wrong_solutions(number):
    (path,) = source.find(number)
    for variant in range(source.count_variants(path)):
        cells = load(path, variant).cells
        for solution in [cell.grade_id for cell in cells if cell.kind == "solution"]:
            assert len(WRONG.get((number, variant, solution), ())) >= 3, solution
