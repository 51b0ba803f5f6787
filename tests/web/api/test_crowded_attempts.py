"""Many attempts at once: how many learn anything, and how many passwords are hashed at a time."""

import threading

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from downloads_app.models import User
from downloads_app.services.accounts import passwords
from downloads_app.web import hashing
from tests.conftest import PASSWORD
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
    arrived = threading.Semaphore(0)
    take_place = hashing._places.acquire

    def take(blocking: bool = True) -> bool:
        taken = take_place(blocking=blocking)
        arrived.release()
        return taken

    monkeypatch.setattr(hashing._places, "acquire", take)
    threads = [threading.Thread(target=lambda: answers.append(attempt(PASSWORD))) for _ in range(17)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert arrived.acquire(timeout=60)
    crowded = attempt(PASSWORD)
    assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [200] * 17
    assert set(most) == {1}
    assert attempt(PASSWORD).status_code == 200
