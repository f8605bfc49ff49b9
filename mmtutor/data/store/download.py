"""One file from the network: mirrors, another try, a progress bar, and plain words if it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pooch
from requests.exceptions import ChunkedEncodingError, RequestException
from tqdm import tqdm

from mmtutor.data.errors import DataError
from mmtutor.data.store.entry import Download

RETRIES = 2  # of each address, after a pause


def download(file: Download, folder: Path, label: str) -> Path:
    """Fetch a file, from the first of its addresses that gives it.

    It is written under another name until it is whole, and compared with its checksum. The
    label stands beside the progress bar.

    Raises:
        DataError: no address gives it, each for a reason that the message says.
        OSError: it cannot be written.
    """
    reasons = []
    for address in file.addresses:
        host = urlsplit(address).netloc or "zenodo.org"
        try:
            return _retrieve(address, file, folder, label)
        except RequestException as error:
            reasons.append(_reason(error, host))
        except ValueError:  # pooch's word for a checksum that differs
            reasons.append(f"what {host} sent has another checksum than the published file")
        except KeyError as error:
            reasons.append(f"the answer of {host} has no {error}")
    raise DataError(", and ".join(reasons))


def _retrieve(address: str, file: Download, folder: Path, label: str) -> Path:
    archive = address.removesuffix(file.name) if address.startswith("doi:") else ""
    source = pooch.create(
        folder,
        archive,
        registry={} if archive else {file.name: file.checksum},
        urls={} if archive else {file.name: address},
        retry_if_failed=RETRIES,
    )
    with _quiet(), _Bar(desc=label, unit="B", unit_scale=True) as bar:
        if archive:
            source.load_registry_from_doi()
            source.registry[file.name]  # the archive may know no such file
        return Path(source.fetch(file.name, progressbar=bar))


def _reason(error: RequestException, host: str) -> str:
    if error.response is not None:
        return f"{host} answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, ChunkedEncodingError):
        return f"the connection to {host} broke off"
    return f"{host} cannot be reached"


class _Bar(tqdm):
    """A progress bar that keeps its count if the length is unknown, as that of some archives."""

    def __bool__(self) -> bool:
        return True  # pooch asks whether there is a bar; tqdm would say whether it has a length

    def reset(self, total: float | None = None) -> None:
        """Begin again, as pooch does at the end, to fill the bar up to the length."""
        if self.total:
            super().reset(total)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence pooch's own messages: the bar says the same."""
    logger = pooch.get_logger()
    logger.disabled = True  # its level would not do: this logger remembers the first one
    try:
        yield
    finally:
        logger.disabled = False
