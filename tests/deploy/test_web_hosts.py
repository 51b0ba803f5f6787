"""nginx before two web hosts, as docs/several-machines.md has it, and one of them goes."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from downloads_app.web.stream.generator import KEEP_ALIVE_SECONDS
from tests.support.front import DEPLOY, Front
from tests.support.server import wait_until
from tests.support.web_host import STREAM, WebHost

READ_SECONDS = 2
SHORT = {"proxy_read_timeout 20s;": f"proxy_read_timeout {READ_SECONDS}s;"}


@pytest.fixture
def hosts() -> Iterator[list[WebHost]]:
    with ExitStack() as stack:
        yield [stack.enter_context(WebHost()) for _ in range(2)]


@pytest.fixture
def url(hosts: list[WebHost]) -> Iterator[str]:
    first, second = (host.address for host in hosts)
    with Front(hosts=(first, second), is_plain=True, changes=SHORT) as front:
        yield f"http://127.0.0.1:{front.port}"


def ask(url: str, method: str = "GET") -> tuple[int, float]:
    """Return the status of an answer, and after how many seconds it came."""
    begun = time.monotonic()
    answer = requests.request(method, f"{url}/api/downloads", timeout=90)
    return answer.status_code, time.monotonic() - begun


def test_a_host_that_vanishes_costs_one_request_two_seconds(url: str, hosts: list[WebHost]) -> None:
    for host in hosts:
        host.begin()
    hosts[0].vanish()
    answers = []
    for method in ("GET", "POST") * 4:
        answers.append(ask(url, method))
        time.sleep(0.6)  # over more than the second by which nginx counts
    assert {status for status, _ in answers} == {200}
    seconds = sorted(seconds for _, seconds in answers)
    assert seconds[-1] < 4, seconds
    assert seconds[-2] < 1, seconds


def test_a_stream_of_a_host_that_vanishes_ends_and_the_next_one_comes_from_the_other(
    url: str, hosts: list[WebHost]
) -> None:
    for host in hosts:
        host.begin()
    with requests.get(url + STREAM, stream=True, timeout=90) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b"event: update"
        (holder,) = [host for host in hosts if host.asked]
        holder.vanish()
        begun = time.monotonic()
        with pytest.raises(requests.RequestException):
            list(lines)
        assert time.monotonic() - begun < READ_SECONDS + 2
    with requests.get(url + STREAM, stream=True, timeout=90) as stream:
        assert next(stream.iter_lines()) == b"event: update"


@pytest.mark.parametrize("name", ["nginx.conf", "compose-nginx.conf"])
def test_a_stream_may_be_silent_longer_than_the_service_ever_is_and_hardly_more(name: str) -> None:
    (_, location) = (DEPLOY / name).read_text().split(f"location = {STREAM} ")
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", location)
    assert KEEP_ALIVE_SECONDS + 3 <= int(seconds) <= 20


def test_while_no_host_answers_nothing_is_remembered_of_it(url: str, hosts: list[WebHost]) -> None:
    """Both restart, one soon after the other: neither stays shut out until its time is over."""
    assert {ask(url)[0] for _ in range(4)} == {502}
    hosts[1].begin()
    wait_until(lambda: ask(url)[0] == 200, seconds=2, what="the host that is back")


def test_a_post_that_was_sent_is_never_sent_to_the_other_host(url: str, hosts: list[WebHost]) -> None:
    for host in hosts:
        host.breaks_off = True
        host.begin()
    assert ask(url, "POST")[0] == 502
    assert [asked for host in hosts for asked in host.asked] == ["POST /api/downloads"]
    hosts[0].breaks_off = hosts[1].breaks_off = False
    assert ask(url, "POST")[0] == 200
