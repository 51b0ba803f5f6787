"""Many small documents come over a few connections, by the rules that one document comes by."""

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.side_by_side import CONNECTIONS, Question, fetch_side_by_side
from tests.support.pages import Page, Pages, serve_pages

OWN = ("Authorization: Bearer secret",)


def fetch(pages: Pages, *paths: str, limit_bytes: int = 100, **options: object) -> dict[str, tuple[int, bytes]]:
    """Return status and body by path."""
    access = Access(pages.url, allow_private_network=True, **options)  # type: ignore[arg-type]  # passed on as given
    questions = [Question(f"{pages.url}/{path}", ("X-All: yes",), OWN) for path in paths]
    answers = fetch_side_by_side(access, questions, limit_bytes=limit_bytes, check=lambda: None)
    return {question.url.rpartition("/")[2]: (answer.status, answer.body) for question, answer in answers}


def echo(path: str) -> Page:
    return Page(path.encode(), "text/plain", 404 if path.endswith("7") else 200)


def test_every_document_comes_once_over_a_few_connections() -> None:
    paths = [f"d{number}" for number in range(60)]
    with serve_pages(echo) as pages:
        found = fetch(pages, *paths)
        assert found == {path: (404 if path.endswith("7") else 200, f"/{path}".encode()) for path in paths}
        assert sorted(pages.paths) == sorted(f"/{path}" for path in paths)
        assert len(pages.client_ports) <= CONNECTIONS


def test_no_more_connections_than_the_provider_takes() -> None:
    with serve_pages(echo) as pages:
        assert len(fetch(pages, "a", "b", "c", "d", max_connections=1)) == 4
        assert len(pages.client_ports) == 1


def test_nothing_is_fetched_where_nothing_is_asked() -> None:
    with serve_pages(echo) as pages:
        assert fetch(pages) == {}


def test_redirects_are_followed_and_secrets_stay_where_they_belong() -> None:
    with serve_pages(echo) as elsewhere:
        hops = {f"/r{number}": Page(status=302, headers={"Location": f"/s{number}"}) for number in range(10)}
        hops |= {f"/s{n}": Page(status=307, headers={"Location": f"{elsewhere.url}/e{n}"}) for n in range(10)}
        with serve_pages(hops) as pages:
            assert {body for _, body in fetch(pages, *(f"r{n}" for n in range(10))).values()} == {
                f"/e{n}".encode() for n in range(10)
            }
            assert {headers.get("authorization") for _, headers in pages.requests} == {"Bearer secret"}
            assert {headers.get("authorization") for _, headers in elsewhere.requests} == {None}
            assert {headers.get("x-all") for _, headers in elsewhere.requests} == {"yes"}


def test_a_circle_of_redirects_ends() -> None:
    with (
        serve_pages(lambda path: Page(status=302, headers={"Location": path})) as pages,
        pytest.raises(SourceError, match="more than 5 redirects"),
    ):
        fetch(pages, "a", "b")


def test_a_document_that_is_too_long_ends_it() -> None:
    with (
        serve_pages(lambda path: Page(b"x" * (101 if path == "/d5" else 100), "text/plain")) as pages,
        pytest.raises(SourceError, match="longer than 100 bytes"),
    ):
        fetch(pages, *(f"d{number}" for number in range(20)))


def test_a_server_that_is_away_ends_it() -> None:
    with serve_pages(echo) as pages:
        pass
    with pytest.raises(SourceError) as caught:
        fetch(pages, "a", "b", "c")
    assert not caught.value.permanent


def test_it_ends_when_it_is_told_to() -> None:
    rounds = iter(range(10))

    def check() -> None:
        if next(rounds) == 3:
            raise SourceError("enough", permanent=False)

    with serve_pages(echo) as pages:
        questions = [Question(f"{pages.url}/d{number}") for number in range(500)]
        access = Access(pages.url, allow_private_network=True)
        with pytest.raises(SourceError, match="enough"):
            list(fetch_side_by_side(access, questions, limit_bytes=100, check=check))
        assert len(pages.requests) < 100
