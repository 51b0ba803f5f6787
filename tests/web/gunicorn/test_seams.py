"""Where this code leans on the insides of gunicorn and gevent. After an upgrade, a test here says which seam moved.

`downloads_app/web/gunicorn/` holds all of it. Each message names the file that has to follow.
"""

import inspect
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import gevent
import gevent.pool
import gevent.socket
import gevent.ssl
import gevent.threadpool
import pytest
from gevent.baseserver import BaseServer
from gunicorn import config, glogging, util
from gunicorn.arbiter import Arbiter
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn.sock import create_sockets
from gunicorn.workers import base, ggevent, gthread

from downloads_app.web.gunicorn import connection, listeners, loop
from downloads_app.web.gunicorn.balance import Balance
from downloads_app.web.gunicorn.strangers import Strangers
from downloads_app.web.stream.frames import ClosingResponse, as_chunk


def names_in(function: Callable[..., Any]) -> set[str]:
    """Return the names that a function uses, those of the functions within it too."""

    def of(code: CodeType) -> set[str]:
        inner = (of(constant) for constant in code.co_consts if isinstance(constant, CodeType))
        return {*code.co_names}.union(*inner)

    return of(function.__code__)


def assert_order(function: Callable[..., Any], *steps: str, because: str) -> None:
    """Assert that a function's source has these steps, in this order."""
    source = inspect.getsource(function)
    places = [source.find(step) for step in steps]
    assert places == sorted(places), because
    assert -1 not in places, because


@pytest.fixture
def answer() -> Iterator[tuple[Any, dict[str, Any], socket.socket]]:
    """An answer under way, as gunicorn makes it: its object, the environment, the socket."""
    settings = config.Config()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        request = next(RequestParser(settings, ours, ("127.0.0.1", 1)))
        response, environ = wsgi.create(request, ours, ("127.0.0.1", 1), ("127.0.0.1", 2), settings)
        yield response, environ, ours


@pytest.fixture
def pair() -> Iterator[tuple[Any, Any]]:
    """Two ends of a connection, as gevent's sockets."""
    ends = gevent.socket.socketpair()
    inner = [end._sock for end in ends]
    yield ends
    for sock in (*ends, *inner):
        sock.close()


def test_a_request_s_environment_has_the_connection_s_socket(answer: Any) -> None:
    _, environ, sock = answer
    moved = 'gunicorn gives the connection under another key than "gunicorn.socket": connection.connection_of'
    assert connection.connection_of(environ) is sock, moved
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1", "gunicorn writes the protocol otherwise: connection.socket_of"


def test_an_answer_can_be_told_to_close_the_connection(answer: Any) -> None:
    response, environ, _ = answer
    list(ClosingResponse(b"x")(environ, response.start_response))
    moved = "gunicorn's force_close() is gone from behind start_response: connection.close_after_answer"
    assert response.should_close(), moved
    assert "Connection: close\r\n" in response.default_headers(), moved


def test_gevent_s_socket_has_one_within_that_never_waits(pair: tuple[Any, Any]) -> None:
    ours, _ = pair
    inner = connection.socket_of({"gunicorn.socket": ours, "SERVER_PROTOCOL": "HTTP/1.1"})
    moved = "gevent keeps no plain non-blocking socket as `_sock`: connection.socket_of"
    assert inner is not ours, moved
    assert inner.fileno() == ours.fileno(), moved
    assert inner.gettimeout() == 0, moved
    assert inner.send(bytes(16 << 20)) < 16 << 20, moved


def test_a_socket_that_speaks_tls_is_told_by_its_cipher() -> None:
    moved = "an encrypted socket can no longer be told by `cipher`: connection.is_encrypted"
    assert hasattr(gevent.ssl.SSLSocket, "cipher"), moved
    assert not hasattr(gevent.socket.socket, "cipher"), moved


def test_a_send_that_takes_too_long_is_a_timeout(pair: tuple[Any, Any]) -> None:
    ours, _ = pair
    connection.limit_sends({"gunicorn.socket": ours}, 0.01)
    with pytest.raises(TimeoutError):
        ours.sendall(bytes(16 << 20))


def test_chunks_are_framed_as_the_pacer_frames_them() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        util.write_chunk(ours, b"a frame that is longer than fifteen bytes")
        expected = as_chunk(b"a frame that is longer than fifteen bytes")
        assert theirs.recv(1000) == expected, "gunicorn frames its chunks otherwise: stream/frames.as_chunk"


def test_the_worker_makes_its_servers_of_the_class_that_listeners_replace() -> None:
    moved = "gunicorn's gevent worker finds its server class elsewhere: listeners.listen_evenly"
    assert "StreamServer" in names_in(ggevent.GeventWorker.run), moved
    assert hasattr(ggevent, "StreamServer"), moved
    assert ggevent.GeventWorker.server_class is None, moved


def test_a_server_pauses_after_a_connection_while_its_process_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = "gevent's servers accept, pause or go on otherwise: listeners.EvenServer"
    assert {"do_read", "max_accept"} <= names_in(BaseServer._do_read), moved
    connections = listeners.Connections(Balance(), 1, Strangers(100))
    ahead = iter([True])
    monkeypatch.setattr(connections, "are_ahead", lambda: next(ahead, False))
    accepted: list[float] = []

    def accept(_sock: Any, _address: Any) -> None:
        accepted.append(time.monotonic())

    with gevent.socket.create_server(("127.0.0.1", 0)) as listener:
        server = listeners.EvenServer(connections, listener, accept, spawn=gevent.pool.Pool(9))
        server.start()
        clients = [socket.create_connection(listener.getsockname()) for _ in range(2)]
        with gevent.Timeout(30, AssertionError(moved)):
            while len(accepted) < 2:
                gevent.sleep(0.001)
        server.stop()
        for client in clients:
            client.close()
    assert accepted[1] - accepted[0] > listeners.PAUSE_SECONDS / 2, moved


def test_a_worker_has_what_its_preparation_asks_for() -> None:
    moved = "gunicorn's worker has lost what worker.prepare_worker asks for"
    settings = config.Config()
    worker = ggevent.GeventWorker(7, 1, [], None, 30, settings, glogging.Logger(settings))
    assert worker.age == 7, moved
    assert worker.alive is True, moved
    assert "self.wsgi = " in inspect.getsource(base.Worker.load_wsgi), moved
    assert worker.log.error_log.filters == [], moved
    worker.tmp.close()


def test_a_worker_is_prepared_after_its_signals_are_set_and_before_it_serves() -> None:
    assert_order(
        base.Worker.init_process,
        "self.init_signals()",
        "self.load_wsgi()",
        "self.cfg.post_worker_init(self)",
        "self.run()",
        because="gunicorn starts a worker in another order: worker.prepare_worker replaces its handler of TERM, "
        "and the class of its servers",
    )


def test_a_worker_ends_once_it_is_no_longer_alive() -> None:
    moved = "gunicorn's worker no longer ends by `alive`: drain.drain_when_told, worker._end_when_succeeded"
    assert "alive" in names_in(ggevent.GeventWorker.run), moved
    assert "alive" in names_in(gthread.ThreadWorker.run), moved
    assert "alive" in names_in(gthread.ThreadWorker.handle_exit), moved
    assert "alive" in names_in(base.Worker.handle_exit), moved
    assert signal.SIGTERM in base.Worker.SIGNALS, moved


def test_threads_close_their_connections_through_their_object() -> None:
    moved = "gunicorn's thread worker closes a connection elsewhere: lingering.close_beside_the_loop"
    source = inspect.getsource(gthread.ThreadWorker.finish_request)
    assert "conn.close(graceful=True)" in source, moved
    assert list(inspect.signature(gthread.TConn.close).parameters) == ["self", "graceful"], moved
    assert "self.sock = sock" in inspect.getsource(gthread.TConn.__init__), moved


def test_a_reload_calls_the_hook_before_it_forks_and_ends_the_old_ones_last() -> None:
    moved = "gunicorn's master reloads in another order: master.begin_handover"
    steps = ("self.cfg.on_reload(self)", "self.spawn_worker()", "self.manage_workers()")
    assert_order(Arbiter.reload, *steps, because=moved)
    assert_order(
        Arbiter.spawn_worker,
        "self.worker_age += 1",
        "os.fork()",
        "self.cfg.post_fork(self, worker)",
        "worker.init_process()",
        because="gunicorn's master starts a worker in another order: master.share_memory",
    )
    assert "reload" in names_in(Arbiter.handle_hup), "HUP no longer calls `reload`: master.prepare_master"


def test_a_real_thread_runs_what_would_hold_up_the_loop() -> None:
    moved = "gevent's hub has no threadpool with apply(): loop.call_in_thread"
    assert loop.call_in_thread(threading.get_native_id) != threading.get_native_id(), moved
    assert not loop.is_cooperative()


def test_gevent_looks_a_name_up_beside_the_loop() -> None:
    moved = "gevent's hub has no resolver with getaddrinfo(): worker.look_up"
    found = gevent.get_hub().resolver.getaddrinfo("127.0.0.1", None, type=socket.SOCK_STREAM)
    assert [address[0] for *_, address in found] == ["127.0.0.1"], moved


def test_a_signal_that_ends_a_process_comes_to_us_first() -> None:
    because = "web/gunicorn/early_end.py replaces `handle_quit` of a new process before it is set, and asks `booted`"
    assert_order(
        Arbiter.spawn_worker, "pre_fork(self, worker)", "os.fork()", "post_fork", "init_process", because=because
    )
    assert_order(
        base.Worker.init_process, "init_signals", "load_wsgi", "post_worker_init", "self.booted = True", because=because
    )
    assert {"handle_quit", "SIGINT", "SIGQUIT"} <= names_in(base.Worker.init_signals), because
    assert_order(Arbiter.start, "on_starting", "self.init_signals()", because="web/gunicorn/master.py calls it first")


def test_a_listener_has_its_socket() -> None:
    settings = config.Config()
    settings.set("bind", ["127.0.0.1:0"])
    (listener,) = create_sockets(settings, glogging.Logger(settings))
    try:
        assert listener.sock.getsockname()[0] == "127.0.0.1", "web/gunicorn/master.py: tell_address reads it there"
    finally:
        listener.close()
    assert "LISTENERS" in names_in(Arbiter.start), "web/gunicorn/master.py: tell_address looks there"
