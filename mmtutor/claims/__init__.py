"""Statements of the book that the code checks when it runs, of three kinds.

- `exact`: true by mathematics or by construction. Prints `✓ sentence`; stops if false.
- `check`: the parts fit, like built here = packaged. Folded into `✓ 9 checks`; stops if false.
- `finding`: a measurement. Prints its effect, interval, n and bound; warns if it does not hold.

`claim` and `claim_same_outputs` are what pages that are not yet revised use for all three.
"""

from mmtutor.claims.checks import check, check_same_outputs, claim_same_outputs, show_checks
from mmtutor.claims.exact import ClaimError, claim, exact
from mmtutor.claims.finding import Finding, finding

__all__ = [
    "ClaimError",
    "Finding",
    "check",
    "check_same_outputs",
    "claim",
    "claim_same_outputs",
    "exact",
    "finding",
    "show_checks",
]
