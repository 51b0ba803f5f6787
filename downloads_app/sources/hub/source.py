"""Kind `huggingface`: any server that speaks the Hugging Face Hub's API, listed through `huggingface_hub`."""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError
from huggingface_hub.hf_api import DatasetInfo, ModelInfo, RepoSibling, SpaceInfo

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile
from downloads_app.sources.answers import AnswerHead, explain_status
from downloads_app.sources.connection import fetch_text
from downloads_app.sources.http_folder.indexes import parse_json, quote_path, read_size
from downloads_app.sources.http_folder.source import MAX_FILES, MAX_LISTING_BYTES
from downloads_app.sources.hub.refusals import explain_hub_refusal
from downloads_app.sources.hub.session import ask_as
from downloads_app.sources.selection import EVERYTHING, Selection

_KINDS = {"datasets": "dataset", "spaces": "space", "models": "model"}
_QUESTIONS: dict[str, Callable[..., ModelInfo | DatasetInfo | SpaceInfo]] = {
    "model": HfApi.model_info,
    "dataset": HfApi.dataset_info,
    "space": HfApi.space_info,
}
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_HUB = "The provider does not answer as a hub does"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError, httpx2.InvalidURL, httpx2.HTTPError)
"""What huggingface_hub raises where the answer is not of the form it expects."""

T = TypeVar("T")


class HuggingFaceSource:
    """One hub. A repository is `owner/name`, or `datasets/owner/name`, or `spaces/owner/name`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._endpoint = access.url.rstrip("/")
        self._hub = HfApi(endpoint=self._endpoint, token=False)  # the token is added where the request leaves

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List `repository` at the commit that `revision` means now, with sizes and the LFS objects' SHA-256."""
        kind, name = _split(repository)
        what = f"Repository {repository[:120]!r}"

        ask = partial(_QUESTIONS[kind], self._hub, name, revision=revision, files_metadata=True)
        info = self._ask(ask, what, revision)
        if getattr(info, "gated", None):
            self._check_gate(name, kind, what)
        files, commit = info.siblings, info.sha
        if files is None or commit is None or not _COMMIT.fullmatch(commit):
            raise SourceError(f"{_NO_HUB}: {what} has no commit or no list of files", permanent=True)
        if len(files) > MAX_FILES:
            raise SourceError(f"{what} is too large: more than {MAX_FILES:,} files", permanent=True)
        prefix = "" if kind == "model" else f"{kind}s/"
        base = f"{self._endpoint}/{prefix}{name}/resolve/{commit}/"
        return Listing.choose((_read_file(file, base) for file in files), wanted, commit)

    def check(self) -> None:
        """Raise SourceError unless a hub answers there and takes the token, if there is one."""
        answer = fetch_text(self._access, f"{self._endpoint}/api/models?limit=1", limit_bytes=MAX_LISTING_BYTES)
        if answer.status != 200:
            raise _explain(answer.status, answer.headers, "The provider's address")
        if not isinstance(parse_json(answer.body, "The provider's answer"), list):
            raise SourceError(_NO_HUB, permanent=True)

    def _check_gate(self, name: str, kind: str, what: str) -> None:
        """Find out now, rather than at the first file, that a gated repository is closed to us."""
        try:
            self._ask(lambda: self._hub.auth_check(name, repo_type=kind), what, None)
        except SourceError as error:
            if isinstance(error.__cause__, GatedRepoError):
                raise

    def _ask(self, question: Callable[[], T], what: str, revision: str | None) -> T:
        try:
            with ask_as(self._access):
                return question()
        except HfHubHTTPError as exc:
            raise _explain(exc.response.status_code, dict(exc.response.headers), what, revision) from exc
        except HFValidationError as exc:
            raise SourceError(f"{what} is no name that a hub knows: owner/name is expected", permanent=True) from exc
        except _MALFORMED as exc:
            raise SourceError(f"{_NO_HUB}: {what} cannot be read", permanent=True) from exc


def _split(repository: str) -> tuple[str, str]:
    prefix, _, name = repository.partition("/")
    return (_KINDS[prefix], name) if "/" in name and prefix in _KINDS else ("model", repository)


def _read_file(file: RepoSibling, base: str) -> RemoteFile:
    sha256 = file.lfs.sha256 if file.lfs else None
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise SourceError(f"{_NO_HUB}: {file.rfilename[:120]!r} has a strange SHA-256", permanent=True)
    try:
        size_bytes = read_size(file.size if file.size is not None or not file.lfs else file.lfs.size)
    except ValueError as exc:
        raise SourceError(f"{_NO_HUB}: {file.rfilename[:120]!r}: {exc}", permanent=True) from None
    return RemoteFile(file.rfilename, base + quote_path(file.rfilename), size_bytes, sha256)


def _explain(status: int, headers: dict[str, str], what: str, revision: str | None = None) -> SourceError:
    head = AnswerHead.of(status, headers)
    return explain_hub_refusal(what, head, revision=revision) or explain_status(what, head)
