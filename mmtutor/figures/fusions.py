"""The fusions of the package as data flow, all in one look."""

import re
from collections.abc import Callable, Mapping

from IPython.display import HTML
from torch import nn

from mmtutor.figures import flow_products, flow_tokens, flow_vectors
from mmtutor.figures.svg import FILLS

FLOWS: Mapping[str, Callable[[], HTML]] = {
    "SumFusion": flow_vectors.added,
    "SharedRepresentation": flow_vectors.shared,
    "GatedFusion": flow_vectors.gated,
    "FiLMFusion": flow_vectors.film,
    "TensorFusion": flow_products.tensor,
    "LowRankFusion": flow_products.low_rank,
    "ResidualFusion": flow_vectors.residual,
    "CrossAttentionFusion": flow_tokens.attention,
    "BottleneckFusion": flow_tokens.bottleneck,
}


_INDICES = {"image": "I", "text": "T", "audio": "A", "video": "V"}


def fusion_flow(
    fusion: str | type[nn.Module] | nn.Module, modalities: tuple[str, str] = ("image", "text")
) -> HTML:
    """Return the diagram of a fusion of an image and a text, from h_I and h_T to z.

    All have one look: blue comes from the image, purple from the text, brown from both; a
    square is one number. Set several side by side with `beside(…, width=220)`. The sizes are
    those of the page on fusion; biases are left out, as in the table of `mmtutor.fusion`, which
    names the sources.

    Args:
        fusion: one of the fusions of `mmtutor.fusion`, or its class, or the name of that.
        modalities: what stands in the place of the image and of the text; two of `"image"`,
            `"text"`, `"audio"` and `"video"`.

    Raises:
        ValueError: a fusion without a diagram, or modalities without a letter and a color.
    """
    kind = fusion if isinstance(fusion, type) else type(fusion)
    name = fusion if isinstance(fusion, str) else kind.__name__
    if name not in FLOWS:
        raise ValueError(f"there are diagrams of {', '.join(FLOWS)}; got {name}")
    if not set(modalities) <= {*_INDICES}:
        raise ValueError(f"the modalities are two of {', '.join(_INDICES)}; got {modalities}")
    return HTML(_renamed(str(FLOWS[name]().data), modalities))


def _renamed(markup: str, modalities: tuple[str, str]) -> str:
    """Put two other modalities in place of the image and the text: letters, colors and words."""
    new = dict(zip(("image", "text"), modalities, strict=True))
    table = {FILLS[old]: FILLS[name] for old, name in new.items()} | new
    for old, name in new.items():
        table[f">{_INDICES[old]}"] = f">{_INDICES[name]}"  # an index of its own
        table |= {f"{x}_{_INDICES[old]}": f"{x}_{_INDICES[name]}" for x in "hW"}  # in the words
    ends = {old: r"\b(?!-)" if old in new else "$" if old[0] == ">" else "" for old in table}
    pattern = "|".join(re.escape(old) + end for old, end in ends.items())
    tags = re.split(r"(</?(?:svg|text|tspan)\b)", markup)  # the element `text` keeps its name
    return "".join(
        part if number % 2 else re.sub(pattern, lambda found: table[found[0]], part)
        for number, part in enumerate(tags)
    )
