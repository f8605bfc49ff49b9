"""Residual networks for multimodal learning: the parts that the book builds."""

from mmtutor.claims import (
    check,
    check_same_outputs,
    claim,
    claim_same_outputs,
    exact,
    finding,
    show_checks,
)
from mmtutor.seeding import seed_everything

__version__ = "0.1.0"

__all__ = [
    "check",
    "check_same_outputs",
    "claim",
    "claim_same_outputs",
    "exact",
    "finding",
    "seed_everything",
    "show_checks",
]
