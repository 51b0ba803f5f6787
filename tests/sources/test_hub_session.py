"""The one client of huggingface_hub: who is asking is a matter of the thread, and without that nothing is asked."""

import threading

import pytest
from huggingface_hub.utils import get_session

from downloads_app.sources import Access
from downloads_app.sources.hub_session import ask_as
from tests.support.pages import Page, serve_pages


def test_two_threads_inside_at_the_same_time_ask_each_as_their_own_provider() -> None:
    both_inside = threading.Barrier(2, timeout=30)
    answers: list[int] = []

    def ask(url: str, token: str) -> None:
        with ask_as(Access(url, token=token, allow_private_network=True)):
            both_inside.wait()
            answers.append(get_session().get(f"{url}/{token}").status_code)
            both_inside.wait()

    with serve_pages(lambda path: Page()) as first, serve_pages(lambda path: Page()) as second:
        threads = [
            threading.Thread(target=ask, args=(first.url, "a")),
            threading.Thread(target=ask, args=(second.url, "b")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200, 200]
    assert [(path, headers["authorization"]) for path, headers in first.requests] == [("/a", "Bearer a")]
    assert [(path, headers["authorization"]) for path, headers in second.requests] == [("/b", "Bearer b")]


def test_outside_of_a_providers_name_nothing_is_asked() -> None:
    with serve_pages({}) as pages:
        with ask_as(Access(pages.url, allow_private_network=True)):
            pass
        with pytest.raises(RuntimeError, match="inside ask_as"):
            get_session().get(pages.url)
    assert pages.requests == []


def test_nothing_but_reading_is_asked() -> None:
    with serve_pages({}) as pages:
        access = Access(pages.url, allow_private_network=True)
        with ask_as(access), pytest.raises(RuntimeError, match="may only read"):
            get_session().post(pages.url)
    assert pages.requests == []


def test_a_token_given_to_the_library_itself_does_not_leave() -> None:
    with serve_pages(lambda path: Page()) as pages, ask_as(Access(pages.url, allow_private_network=True)):
        get_session().get(pages.url, headers={"Authorization": "Bearer of-the-library"})
    assert "authorization" not in pages.requests[0][1]
