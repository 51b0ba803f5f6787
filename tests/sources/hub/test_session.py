"""The one client of huggingface_hub: who is asking is a matter of the thread, and without that nothing is asked."""

import threading

import pytest
from huggingface_hub.utils import get_session

from downloads_app.sources import Access
from downloads_app.sources.hub.session import ask_as
from tests.support.pages import Page, serve_pages


def test_threads_ask_each_as_their_own_provider_at_once() -> None:
    both_asked = threading.Barrier(2, timeout=30)
    answers: list[int] = []

    def answer(path: str) -> Page:
        both_asked.wait()
        return Page()

    def ask(url: str, token: str) -> None:
        with ask_as(Access(url, token=token, allow_private_network=True)):
            answers.append(get_session().get(f"{url}/{token}").status_code)

    with serve_pages(answer) as first, serve_pages(answer) as second:
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


def test_nobody_enters_the_librarys_code_while_another_is_in_it() -> None:
    access = Access("http://127.0.0.1:9", allow_private_network=True)
    entered = threading.Event()

    def enter() -> None:
        with ask_as(access):
            entered.set()

    second = threading.Thread(target=enter)
    with ask_as(access):
        second.start()
        assert not entered.wait(0.2)
    assert entered.wait(30)
    second.join()


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
