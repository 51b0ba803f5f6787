"""What a batch answer may make us send, and where: nothing that was not asked for, and only where it is meant to go."""

import json
import time
from collections.abc import Mapping

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile, Target
from downloads_app.sources.lfs.batch import MAX_HEADERS, name_object
from downloads_app.sources.lfs.source import LfsSource
from tests.support.pages import Page, Pages, serve_pages

JSON = "application/vnd.git-lfs+json"
OID = "0123456789abcdef" * 4
OWN = "{own}/object"
FOREIGN = "http://cdn.example/object?signature=x"


def answer(url: str, href: object, **fields: object) -> dict[str, object]:
    action = {"href": href.format(own=url) if isinstance(href, str) else href} | fields.pop("action", {})  # type: ignore[operator]  # tests give dicts
    return {"oid": OID, "size": 5, "actions": {"download": action}} | fields


def resolve(
    document: object, headers: Mapping[str, str] | None = None, status: int = 200, **options: object
) -> tuple[Target | SourceError, Pages]:
    """Ask about one object; `document` may depend on the server's address."""
    with serve_pages(
        lambda path: Page(
            json.dumps(document(pages.url) if callable(document) else document).encode(),
            JSON,
            status,
            headers or {},
        )
    ) as pages:
        access = Access(pages.url, allow_private_network=True, **options)  # type: ignore[arg-type]  # as given
        server = f"{pages.url}/org/model.git/info/lfs"
        file = RemoteFile("w.bin", name_object(server, OID), 5, OID)
        return LfsSource(access).resolve([file])["w.bin"], pages


def target_of(href: str, **fields: object) -> Target:
    options = fields.pop("options", {})
    headers = fields.pop("headers", None)
    found, _ = resolve(lambda url: {"objects": [answer(url, href, **fields)]}, headers, **options)  # type: ignore[arg-type]  # tests give dicts
    assert isinstance(found, Target)
    return found


def error_of(document: object, **options: object) -> SourceError:
    try:
        found, _ = resolve(document, **options)  # type: ignore[arg-type]  # passed on as given
    except SourceError as error:
        found = error
    assert isinstance(found, SourceError)
    assert found.message.isprintable()
    assert len(found.message) < 300
    return found


def test_the_batch_is_posted_with_the_token_as_a_password() -> None:
    _, pages = resolve(lambda url: {"objects": [answer(url, OWN)]}, token="abc")
    path, headers = pages.requests[0]
    assert path == "/org/model.git/info/lfs/objects/batch"
    assert headers["authorization"] == "Basic b2F1dGgyOmFiYw=="
    assert headers["content-type"] == headers["accept"] == JSON
    assert json.loads(pages.bodies[0]) == {
        "operation": "download",
        "transfers": ["basic"],
        "objects": [{"oid": OID, "size": 5}],
    }


def test_headers_asked_for_go_to_the_providers_own_origin() -> None:
    asked = {"Authorization": "Basic x", "X-Some": "thing"}
    found = target_of(OWN, action={"header": asked}, options={"token": "abc"})
    assert found.headers == ("Authorization: Basic x", "X-Some: thing")


def test_headers_asked_for_go_to_an_allowed_host_and_to_no_other() -> None:
    asked = {"header": {"Authorization": "Basic x"}}
    assert target_of(FOREIGN, action=asked).headers == ()
    assert target_of(FOREIGN, action=asked, options={"allow_hosts": ("other.example",)}).headers == ()
    assert target_of(FOREIGN, action=asked, options={"allow_hosts": ("cdn.example:81",)}).headers == ()
    allowed = target_of(FOREIGN, action=asked, options={"allow_hosts": ("cdn.example",)})
    assert allowed.headers == ("Authorization: Basic x",)


def test_the_providers_own_token_goes_to_its_origin_alone_and_only_where_the_answer_does_not_do() -> None:
    options = {"token": "abc", "allow_hosts": ("cdn.example",)}
    assert target_of(OWN, options=options).headers == ("Authorization: Bearer abc",)
    assert target_of(OWN, authenticated=True, options=options).headers == ()
    assert target_of(FOREIGN, options=options).headers == ()


@pytest.mark.parametrize("name", ["Host", "host", "Range", "If-Range", "Accept-Encoding", "Transfer-Encoding"])
def test_what_would_make_another_request_of_it_is_never_sent(name: str) -> None:
    assert target_of(OWN, action={"header": {name: "x", "X-A": "b"}}).headers == ("X-A: b",)


@pytest.mark.parametrize(
    "header",
    [
        {"X-A": "b\r\nX-Evil: 1"},
        {"X-A": "b\nHost: evil"},
        {"X-A": "b\0"},
        {"X-A\r\nX-Evil": "1"},
        {"X A": "b"},
        {"": "b"},
        {"X-A:": "b"},
        {"X-A": None},
        {"X-A": ["b"]},
        {"Host": "a\r\nX-Evil: 1"},
        {"X-A": "ü"},
        {f"X-{number}": "b" for number in range(MAX_HEADERS + 1)},
        {f"X-{number}": "b" * 1000 for number in range(20)},
    ],
)
def test_headers_with_line_breaks_and_the_like_are_refused(header: object) -> None:
    error = error_of(lambda url: {"objects": [answer(url, OWN, action={"header": header})]})
    assert "asks for headers that cannot be sent" in error.message
    assert error.permanent


@pytest.mark.parametrize("href", [None, "", "/object", "file:///etc/passwd", "ftp://x/y", "javascript:x", 5, ["x"]])
def test_what_is_no_address_is_refused(href: object) -> None:
    assert "names no address" in error_of(lambda url: {"objects": [answer(url, href)]}).message


def test_an_address_is_good_for_as_long_as_it_says() -> None:
    now = time.monotonic()
    assert target_of(OWN).good_until == float("inf")
    assert now + 790 < target_of(OWN, action={"expires_in": 1000}).good_until < now + 900
    assert now + 5 < target_of(OWN, action={"expires_in": -5}).good_until < now + 60, "or it would never be tried"
    assert target_of(OWN, action={"expires_in": True, "expires_at": "soon"}).good_until == float("inf")


def test_a_time_is_read_by_the_servers_own_clock() -> None:
    date = {"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    now = time.monotonic()
    found = target_of(OWN, action={"expires_at": "2020-01-01T00:16:40Z"}, headers=date)
    assert now + 790 < found.good_until < now + 900


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        "text",
        {"objects": {}},
        {"objects": [None, 5, {"oid": 5}]},
        {"objects": [{"oid": "f" * 64}]},
        {"transfer": "ssh", "objects": []},
        {"objects": [{"oid": OID, "actions": []}]},
        {"objects": [{"oid": OID, "actions": {"download": "x"}}]},
    ],
)
def test_an_answer_of_another_form_is_refused(document: object) -> None:
    assert error_of(document).permanent


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        *((code, True) for code in (401, 403, 404, 409, 410, 422, 451, 501)),
        *((code, False) for code in (408, 429, 500, 503, 507, "x", None, [404])),
    ],
)
def test_an_object_that_is_missing_is_told_by_name(code: object, permanent: bool) -> None:
    error = error_of({"objects": [{"oid": OID, "error": {"code": code, "message": "<b>evil</b>\n" * 100}}]})
    assert error.message.startswith("w.bin: the LFS server")
    assert error.permanent == permanent


def test_an_object_with_an_error_takes_nothing_from_the_others() -> None:
    """Each kind of error beside a good one, in another order than asked for, and one object under two names."""
    oids = {name: f"{number:064x}" for number, name in enumerate(("good", "lost", "closed", "later", "unnamed", "bad"))}
    oids["good too"] = oids["good"]
    errors = {"lost": {"code": 404}, "closed": {"code": 403, "message": "budget"}, "later": {"code": 503}}
    rows: list[object] = [{"oid": oids[name], "size": 5, "error": error} for name, error in errors.items()]
    rows += [None, {"oid": oids["bad"], "actions": {"download": {"href": "file:///etc/passwd"}}}]

    def reply(path: str) -> Page:
        return Page(json.dumps({"objects": [*rows, answer(pages.url, OWN) | {"oid": oids["good"]}]}).encode(), JSON)

    with serve_pages(reply) as pages:
        server = f"{pages.url}/org/model.git/info/lfs"
        files = [RemoteFile(name, name_object(server, oid), 5, oid) for name, oid in oids.items()]
        found = LfsSource(Access(pages.url, allow_private_network=True)).resolve(files)
        assert len(pages.requests) == 1
        assert len(json.loads(pages.bodies[0])["objects"]) == len(set(oids.values()))
    assert found.keys() == oids.keys()
    good = {name: target.url for name, target in found.items() if isinstance(target, Target)}
    assert good == dict.fromkeys(("good", "good too"), f"{pages.url}/object")
    permanent = {name: error.permanent for name, error in found.items() if isinstance(error, SourceError)}
    assert permanent == {"lost": True, "closed": True, "later": False, "unnamed": True, "bad": True}


@pytest.mark.parametrize(
    ("status", "said", "permanent"),
    [
        (401, "a token is missing, or is refused", True),
        (404, "has none of the files", True),
        (429, "429 Too Many Requests", False),
        (503, "503 Service Unavailable", False),
    ],
)
def test_a_server_that_refuses_all_is_told_with_its_status(status: int, said: str, permanent: bool) -> None:
    error = error_of({"message": "no"}, status=status, token="the-secret")
    assert said in error.message
    assert error.permanent == permanent
    assert "the-secret" not in error.message


def test_a_redirected_batch_takes_no_token_along() -> None:
    with serve_pages(lambda path: Page(b"{}", "application/json")) as thief:
        found, pages = None, None
        moved = {"Location": f"{thief.url}/batch"}
        with pytest.raises(SourceError):
            found, pages = resolve({}, moved, 307, token="abc")
        assert (found, pages) == (None, None)
        assert thief.requests
        assert not [headers for _, headers in thief.requests if "authorization" in headers]
