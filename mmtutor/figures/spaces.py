"""A diagram of encoders whose features meet in one space, without a fusion."""

from collections.abc import Sequence

from IPython.display import HTML

from mmtutor.figures.diagrams import BOX, Picture


def coordinated(
    encoders: Sequence[tuple[str, str, str]],
    space: str = "coordinated: one space",
    loss: str = "near if a pair, else far",
) -> HTML:
    """Return the diagram of a coordinated representation, to stand beside `network`.

    Args:
        encoders: for each modality its input, its encoder and its features, as labels.
        space: label of the space.
        loss: what the loss asks of features in it.
    """
    column = BOX + 16
    picture = Picture(column * len(encoders), 300)
    middle = picture.width / 2
    picture.elements.append(
        f'<rect x="8" y="130" width="{picture.width - 16}" height="108" rx="6" fill="none" '
        'stroke="currentColor" stroke-dasharray="5 4"/>'
    )
    for i, (given, encoder, features) in enumerate(encoders):
        x = column * (i + 0.5)
        picture.text(x, 16, given)
        picture.arrow((x, 24), (x, 50))
        picture.box(x, 50, encoder, "encoder")
        picture.arrow((x, 78), (x, 130))
        picture.text(x, 158, features)
        picture.arrow((middle, 172), (x, 172))
    picture.text(middle, 200, loss)
    picture.text(middle, 226, space)
    parts = "; ".join(f"{given} → {encoder} → {features}" for given, encoder, features in encoders)
    return HTML(picture.svg(f"{parts}; {space}, {loss}"))
