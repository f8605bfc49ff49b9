"""How a function is judged that finds the fault of a network by experiment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmtutor.exercises.exercise import expect
from mmtutor.exercises.forbidding import expect_no_look_inside


def check_encoder_examination(
    answer: Callable[[Any], Any],
    faulty_encoder: Callable[[str, int, int], Any],
    overlooked: Mapping[str, str],
    sizes: Sequence[int],
) -> None:
    """Show an examiner every kind of encoder, with several sizes and weights.

    Args:
        answer: the reader's function, which gets an encoder and returns the name of its fault.
        faulty_encoder: makes an encoder from the name of a fault, a size and a seed.
        overlooked: fault → what an examiner has missed who does not name it.
        sizes: of the features.
    """
    expect_no_look_inside(answer)
    for seed, features in enumerate(sizes):
        for fault in overlooked:
            found = answer(faulty_encoder(fault, features, seed))
            expect(
                isinstance(found, str) and found in overlooked,
                f"return one of {', '.join(overlooked)}; got {found!r}",
            )
            expect(
                found == fault,
                f'an encoder was called "{found}" that is "{fault}". {overlooked[fault]}',
            )
