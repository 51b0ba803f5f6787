"""Many attempts at once: how many learn anything, and how many passwords are hashed at a time."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from downloads_app.errors import Busy
from downloads_app.models import User
from downloads_app.services.accounts import passwords
from downloads_app.web import hashing
from tests.conftest import PASSWORD
from tests.support.server import wait_until
from tests.web.api.attempting import SignIn

pytestmark = pytest.mark.usefixtures("quick_hash")


def test_of_many_attempts_at_once_no_more_than_the_limit_learn_anything(
    app: Flask, alice: User, attempt: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have been let pass before the first one was found to be wrong; one of them is right."""
    crowd = 12
    together = threading.Barrier(crowd)
    compare = passwords.matches

    def wait_for_all(stored: str | None, password: str) -> bool:
        together.wait(30)
        return compare(stored, password)

    monkeypatch.setattr(passwords, "matches", wait_for_all)
    monkeypatch.setattr("downloads_app.web.api.auth.hash_in_turn", lambda function, *args: function(*args))
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(attempt().status_code)

    threads = [threading.Thread(target=ask) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [401] * 5 + [429] * (crowd - 5)


def test_one_password_is_hashed_at_a_time_sixteen_wait_and_others_are_told(
    app: Flask, alice: User, attempt: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, go_on = [], [], threading.Event()

    def hold(stored: str | None, password: str) -> bool:
        at_work.append(1)
        most.append(len(at_work))
        go_on.wait(30)
        at_work.pop()
        return stored is not None

    monkeypatch.setattr(passwords, "matches", hold)
    answers: list[TestResponse] = []
    threads = [threading.Thread(target=lambda: answers.append(attempt(PASSWORD))) for _ in range(17)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(hashing.QUEUE._waiting) == 16)
    crowded = attempt(PASSWORD)
    assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [200] * 17
    assert set(most) == {1}
    assert attempt(PASSWORD).status_code == 200


def test_who_fills_the_queue_gives_a_place_up_to_another() -> None:
    queue, ends = hashing.Queue(), list[tuple[str, str]]()

    def ask(whose: str) -> None:
        try:
            queue.begin(whose)
        except Busy:
            ends.append((whose, "refused"))
            return
        ends.append((whose, "let in"))
        queue.end()

    queue.begin("crowd")
    threads: list[threading.Thread] = []
    for whose in [*["crowd"] * 16, "alice"]:
        threads.append(threading.Thread(target=ask, args=[whose]))
        threads[-1].start()
        wait_until(lambda: len(queue._waiting) == min(len(threads), 16) and (len(threads) < 17 or ends))
    with pytest.raises(Busy):
        queue.begin("crowd")
    queue.end()
    for thread in threads:
        thread.join(60)
    assert ends == [("crowd", "refused"), *[("crowd", "let in")] * 15, ("alice", "let in")]
    queue.begin("alice")


def test_who_waits_no_longer_leaves_the_turn_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = hashing.Queue()
    queue.begin("first")
    with monkeypatch.context() as ending:
        ending.setattr(threading.Event, "wait", give_up)
        with pytest.raises(KeyboardInterrupt):
            queue.begin("second")
        ending.setattr(threading.Event, "wait", lambda event: give_up(event, queue.end))  # it has just been called
        with pytest.raises(KeyboardInterrupt):
            queue.begin("third")
    queue.begin("fourth")


def give_up(_event: threading.Event, before: Callable[[], None] = lambda: None) -> None:
    before()
    raise KeyboardInterrupt
