"""What is downloaded: how it is described, fetched, unpacked and checked. It knows no data set."""

from mmtutor.data.store.entry import Download, Entry, Part
from mmtutor.data.store.folder import folder, get, here, problems, sources
from mmtutor.data.store.github import github_files, github_folder

__all__ = [
    "Download", "Entry", "Part", "folder", "get", "github_files", "github_folder", "here",
    "problems", "sources",
]  # fmt: skip
