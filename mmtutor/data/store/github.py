"""Parts of data sets that lie in repositories on GitHub."""

from functools import partial

from mmtutor.data.store.entry import Download, Part
from mmtutor.data.store.unpack import untar


def github_files(listed: str, revision: str, below: str = "", path: str = "{}") -> tuple[Part, ...]:
    """Return parts that are single files of a repository, stored as they are.

    Args:
        listed: their lines, `sha256  name`.
        revision: `owner/name/commit`.
        below: the folder of the repository that holds them, with a slash at its end.
        path: of each below that folder, and below the folder of the set; `{}` is its name.
    """
    parts = []
    for line in listed.strip().splitlines():
        digest, name = line.split()
        place = path.format(name)
        address = f"https://raw.githubusercontent.com/{revision}/{below}{place}"
        parts.append(Part(place, digest, (Download((address,), f"sha256:{digest}"),)))
    return tuple(parts)


def github_folder(
    path: str, digest: str, *, repository: str, revision: str, members: str, files: int, size: int
) -> Part:
    """Return a folder from the archive of a repository, `owner/name`, at a commit or `refs/tags/…`.

    GitHub makes such an archive anew at times, with other bytes, so it has no checksum. The
    `members` are chosen by the end of their names, and have `size` bytes together.
    """
    address = f"https://github.com/{repository}/archive/{revision}.tar.gz"
    unpack = partial(untar, members=members, limit=size)
    return Part(path, digest, (Download((address,)),), unpack, files)
