"""How a data set is described to the store: its files, and the downloads that they come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtutor.data.about import About
from mmtutor.data.store.unpack import keep


@dataclass(frozen=True)
class Download:
    """One file to fetch.

    Args:
        addresses: where it is; the later ones are mirrors of the first. An address such as
            `doi:10.5281/zenodo.3625687/s1.zip` is a file of an archive that has a DOI; the
            archive tells its checksum.
        checksum: as pooch writes it, `"sha256:…"` or `"md5:…"`. None if the bytes may change:
            then only what is unpacked from them is checked.
    """

    addresses: tuple[str, ...]
    checksum: str | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.addresses[0].rsplit("/", 1)[-1]

    @property
    def page(self) -> str:
        """Where a person finds the file."""
        archive, _, name = self.addresses[0].rpartition("/")
        if archive.startswith("doi:"):
            return f"{name} of https://doi.org/{archive.removeprefix('doi:')}"
        return self.addresses[0]


@dataclass(frozen=True)
class Part:
    """A file or a folder that is fetched, checked and put in its place in one piece.

    Args:
        path: where it is, below the folder of its set.
        digest: sha256 of the file; of a folder, that of its listing (`digests.listing`).
        downloads: what it is made of.
        unpack: makes it; takes the paths of the downloads and the path to write.
        files: of a folder, how many files it holds; 0 if the part is one file.
        computed: the file is computed, and another version of a library may give other bytes.
            Then the digest beside it, written when it was made here, will do too.
        needs: packages of the extra `real` that `unpack` imports.
    """

    path: str
    digest: str
    downloads: tuple[Download, ...]
    unpack: Callable[[Sequence[Path], Path], None] = keep
    files: int = 0
    computed: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A data set of the book.

    Args:
        name: in commands.
        about: what it is.
        parts: what is fetched; nothing for a set that the package carries.
        folder: where the parts lie, below the folder for data.
        size: bytes on disk.
        made_from: the sets that it is computed from.
    """

    name: str
    about: About
    parts: tuple[Part, ...] = ()
    folder: str = ""
    size: int = 0
    made_from: tuple["Entry", ...] = ()

    @property
    def carried(self) -> bool:
        """Whether nothing is fetched: the package carries the data, or one that it needs does."""
        return not self.parts and not self.made_from
