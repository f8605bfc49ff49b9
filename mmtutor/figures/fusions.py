"""The fusions of the package as data flow, all in one look."""

from collections.abc import Callable, Mapping

from IPython.display import HTML
from torch import nn

from mmtutor.figures import flow_products, flow_tokens, flow_vectors

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


def fusion_flow(fusion: str | type[nn.Module] | nn.Module) -> HTML:
    """Return the diagram of a fusion of an image and a text, from h_I and h_T to z.

    All have one look: blue comes from the image, purple from the text, brown from both; a
    square is one number. Set several side by side with `beside(…, width=220)`. The sizes are
    those of the page on fusion; biases are left out, as in the table of `mmtutor.fusion`, which
    names the sources.

    Args:
        fusion: one of the fusions of `mmtutor.fusion`, or its class, or the name of that.

    Raises:
        ValueError: a fusion without a diagram.
    """
    kind = fusion if isinstance(fusion, type) else type(fusion)
    name = fusion if isinstance(fusion, str) else kind.__name__
    if name not in FLOWS:
        raise ValueError(f"there are diagrams of {', '.join(FLOWS)}; got {name}")
    return FLOWS[name]()
