"""What a data set is, where it comes from, and what one may do with it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """The facts that belong beside every use of a data set.

    Args:
        title: the name under which people know it.
        license: of the data, not of the code that reads them.
        source: where to get it: an address, or the package that carries it.
        citation: author, year, title, and where it was published.
    """

    title: str
    license: str
    source: str
    citation: str
