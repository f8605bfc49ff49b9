"""Residual networks for multimodal learning: the parts that the book builds."""

from mmtutor.claims import claim, claim_same_outputs
from mmtutor.seeding import seed_everything

__version__ = "0.1.0"

__all__ = ["claim", "claim_same_outputs", "seed_everything"]
