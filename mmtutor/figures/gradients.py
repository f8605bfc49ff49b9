"""Where gradients flow: back into all networks, or into the student only."""

from IPython.display import HTML

from mmtutor.figures.svg import TALL, Picture

_WIDTH = 340
_APART = 11  # from the middle of a column to what flows down on its left and up on its right
_GAP = 58  # between two layers


def backward_pass() -> HTML:
    """Return the diagram of one forward and one backward pass through a multimodal network.

    Values flow down through both encoders, fusion and last layer to the loss; gradients flow
    back the same way. The symbols are those of the book's notation.
    """
    picture = Picture(_WIDTH, 402, font=13, formulas=True)
    middle, image, text = _WIDTH / 2, 84, 256
    fusion, head, loss = 48 + TALL + _GAP, 48 + 2 * (TALL + _GAP), 48 + 3 * (TALL + _GAP)
    for x, letter, kind in ((image, "I", "image"), (text, "T", "text")):
        picture.text(x, 18, f"x_{letter}")
        picture.arrow((x, 26), (x, 48))
        picture.box(x, 48, f"encoder f_{letter}", kind, 130)
        _both_ways(picture, x, 48 + TALL, f"h_{letter}", f"∂L/∂h_{letter}")
    picture.box(middle, fusion, "fusion g", "fusion", 302)
    _both_ways(picture, middle, fusion + TALL, "z", "∂L/∂z, one for both")
    picture.box(middle, head, "last layer h", "head", 130)
    _both_ways(picture, middle, head + TALL, "y", "∂L/∂y")
    picture.box(middle, loss, "loss L", "", 130)
    picture.text(302, loss + 19, "y_true")
    picture.arrow((280, loss + 14), (middle + 65, loss + 14))
    _legend(picture, loss + TALL + 30)
    note = "each network keeps the gradient of its own weights"
    picture.text(middle, picture.height - 8, note, size=11)
    return HTML(
        picture.svg(
            "Forward, solid arrows: x_I → encoder f_I → h_I and x_T → encoder f_T → h_T; both → "
            "fusion g → z → last layer h → y; y and y_true → loss L. Backward, dashed arrows: "
            "from the loss ∂L/∂y into the last layer, ∂L/∂z into the fusion, and from there "
            "∂L/∂h_I into the image's encoder and ∂L/∂h_T into the text's. Both come from the "
            "one vector ∂L/∂z. None goes on to the inputs; each network keeps the gradient of "
            "its own weights"
        )
    )


def distillation() -> HTML:
    """Return the diagram of a teacher and a student, in training and in use.

    The teacher reads texts and the student images, as on the page on knowledge transfer. The
    gradient of the loss enters the student only.

    Source of the loss: Hinton, Vinyals and Dean 2015, *Distilling the knowledge in a neural
    network*; across modalities: Aytar, Vondrick and Torralba 2016.
    """
    picture = Picture(_WIDTH, 344, font=13, formulas=True)
    teacher, student, used, top = 62, 172, 286, 76
    answers = top + TALL
    loss = answers + 72
    picture.frame(4, 4, 226, 298)
    picture.frame(240, 4, 96, 298)
    picture.text(117, 22, "training")
    picture.text(used, 22, "in use")
    for x, given, name, kind in (
        (teacher, "text x_T", "teacher", "text"),
        (student, "image x_I", "student", "image"),
        (used, "image x_I", "student", "image"),
    ):
        picture.text(x, 46, given)
        picture.arrow((x, 54), (x, top))
        picture.box(x, top, name, kind, 80)
    for x, symbol in ((teacher, "t"), (student, "y")):
        picture.arrow((x - _APART, answers), (x - _APART, loss))
        picture.text(x - _APART - 7, answers + 30, symbol, "end")
    picture.arrow((student + _APART, loss), (student + _APART, answers), dashed=True)
    stop = answers + 38
    picture.line((teacher + _APART, loss), (teacher + _APART, stop), dashed=True)
    picture.stop(teacher + _APART, stop)
    picture.text(teacher + _APART + 15, stop + 4, "stop", "start")
    picture.box(117, loss, "", "", 206, 58)
    picture.text(117, loss + 24, "(1 − α) CE + α τ^2 KL(p ‖ q)")
    picture.text(117, loss + 44, "p, q: softmax of t/τ, y/τ", size=12)
    picture.arrow((117, loss + 88), (117, loss + 58))
    picture.text(117, loss + 104, "y_true, where known")
    picture.arrow((used, answers), (used, loss))
    picture.text(used - 7, answers + 30, "y", "end")
    picture.text(used, loss + 18, "answer")
    picture.text(used, loss + 60, "no teacher,", size=12)
    picture.text(used, loss + 76, "no text", size=12)
    _legend(picture, picture.height - 12)
    return HTML(
        picture.svg(
            "Training: a text x_T enters the teacher, which answers t; the image x_I of the same "
            "pair enters the student, which answers y. Both go into the loss (1 − α) CE + α τ² "
            "KL(p ‖ q), with p and q the softmax of t/τ and y/τ; where the label y_true is "
            "known, it enters the CE. A dashed arrow, the gradient, goes from the loss back into "
            "the student; the one towards the teacher ends at a bar: stop. In use: an image "
            "enters the student, which gives the answer; no teacher, no text"
        )
    )


def _both_ways(picture: Picture, x: float, y: float, value: str, gradient: str) -> None:
    """Draw what flows down to the next layer, and what comes back."""
    picture.arrow((x - _APART, y), (x - _APART, y + _GAP))
    picture.text(x - _APART - 7, y + _GAP / 2 + 4, value, "end")
    picture.arrow((x + _APART, y + _GAP), (x + _APART, y), dashed=True)
    picture.text(x + _APART + 7, y + _GAP / 2 + 4, gradient, "start")


def _legend(picture: Picture, y: float) -> None:
    """Say which arrow is which."""
    picture.arrow((24, y - 4), (56, y - 4))
    picture.text(63, y, "forward: values", "start", size=12)
    picture.arrow((178, y - 4), (210, y - 4), dashed=True)
    picture.text(217, y, "back: gradients", "start", size=12)
