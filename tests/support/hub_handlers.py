"""What the test hub answers to each request: the API, files by `resolve`, and the CDN's objects."""

import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.hub_answers import AnswerHandler, HubRefusal
from tests.support.hub_repository import HubRepository, describe_found, describe_repository, describe_tree

if TYPE_CHECKING:
    from tests.support.hub import Hub

TREE_PAGE_ROWS = 10
_PREFIXES = {"datasets": "datasets/", "models": "", "spaces": "spaces/"}


class HubHandler(AnswerHandler):
    """Answers the API and `resolve`."""

    hub: "Hub"

    def do_GET(self) -> None:
        self.hub.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        try:
            if self.hub.refusals:
                raise self.hub.refusals.popleft()
            self._route()
        except HubRefusal as refusal:
            self.send_refusal(refusal)

    def _route(self) -> None:
        parts = urlsplit(self.path)
        self._query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._check_token()
        raw = parts.path.strip("/").split("/")
        segments = [unquote(segment) for segment in raw]
        if segments[0] != "api":
            self._resolve(segments)
        elif segments[1:] == ["whoami-v2"]:
            self._whoami()
        elif segments[1] not in _PREFIXES:
            raise HubRefusal(404, "", "Not Found")
        elif len(segments) == 2:
            self.send_json(
                [describe_found(id, found) for id, found in self.hub.repositories.items() if self._matches(id)]
            )
        else:
            self._answer_api(_PREFIXES[segments[1]] + "/".join(segments[2:4]), segments[4:])

    def _matches(self, id: str) -> bool:
        return self._query.get("search", "").lower() in id.lower() and "/" in id

    def _answer_api(self, id: str, rest: list[str]) -> None:
        repository = self._find_repository(id)
        if rest == ["auth-check"]:
            self._check_gate(repository)
            self.send_json({})
            return
        action, revision = (rest[0], rest[1]) if len(rest) == 2 else ("revision", "main")
        commit = self._find_commit(repository, revision)
        if action == "tree":
            self._send_tree(repository, commit)
        else:
            self.send_json(describe_repository(repository, commit, with_blobs="blobs" in self._query))

    def _send_tree(self, repository: HubRepository, commit: str) -> None:
        rows = describe_tree(repository, commit)
        start = int(self._query.get("cursor", 0))
        headers = {}
        if start + TREE_PAGE_ROWS < len(rows):
            onward = f"{self.hub.url}{urlsplit(self.path).path}?recursive=true&cursor={start + TREE_PAGE_ROWS}"
            headers["Link"] = f'<{onward}>; rel="next"'
        self.send_json(rows[start : start + TREE_PAGE_ROWS], headers)

    def _resolve(self, segments: list[str]) -> None:
        """Answer `/{owner}/{name}/resolve/{revision}/{path}`."""
        position = segments.index("resolve") if "resolve" in segments else 0
        repository = self._find_repository("/".join(segments[:position]))
        self._check_gate(repository)
        commit = self._find_commit(repository, segments[position + 1])
        file = repository.commits[commit].get("/".join(segments[position + 2 :]))
        headers = {"X-Repo-Commit": commit}
        if file is None:
            raise HubRefusal(404, "EntryNotFound", "Entry not found", headers)
        if file.path in repository.too_large:
            raise HubRefusal(403, "", "File is too large to be served over plain HTTP", headers)
        if file.sha256:
            headers |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.etag}"', "ETag": f'"{file.oid}"'}
            self.send_redirect(self.hub.sign(file), headers)
        else:
            self.send_file(file.location, headers, f'"{file.etag}"', bytes_per_second=self.hub.bytes_per_second)

    def _whoami(self) -> None:
        if not self._token:
            raise HubRefusal(401, "", "Invalid username or password.")
        self.send_json({"type": "user", "name": "tester", "auth": {"type": "access_token"}})

    def _check_token(self) -> None:
        self._token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._token and self._token not in self.hub.tokens:
            raise HubRefusal(401, "", "Invalid credentials in Authorization header")

    def _find_repository(self, id: str) -> HubRepository:
        repository = self.hub.repositories.get(id)
        if repository and not (repository.private and not self._token):
            return repository
        if self._token:
            raise HubRefusal(404, "RepoNotFound", "Repository not found")
        raise HubRefusal(401, "", "Invalid username or password.")

    def _check_gate(self, repository: HubRepository) -> None:
        if repository.gated and repository.id not in self.hub.tokens.get(self._token, set()):
            text = f"Access to model {repository.id} is restricted. You must have access to it and be authenticated."
            raise HubRefusal(403 if self._token else 401, "GatedRepo", text)

    def _find_commit(self, repository: HubRepository, revision: str) -> str:
        commit = repository.resolve(revision)
        if commit is None:
            raise HubRefusal(404, "RevisionNotFound", f"Invalid rev id: {quote(revision)}")
        return commit


class CdnHandler(AnswerHandler):
    """Sends LFS objects to whoever has a signed address."""

    hub: "Hub"

    def do_GET(self) -> None:
        self.hub.cdn_requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        name, expires = parts.path.strip("/"), int(query.get("Expires", 0))
        signature = self.hub.compute_signature(name, expires)
        if expires < time.time() or not hmac.compare_digest(signature, query.get("Signature", "")):
            self.send_refusal(HubRefusal(403, "", "Access denied"))
        else:
            location = self.hub.objects[name].location
            self.send_file(location, {}, f'"{name}"', bytes_per_second=self.hub.bytes_per_second)
