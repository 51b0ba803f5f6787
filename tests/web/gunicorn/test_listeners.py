"""A process that is offered more connections than it can open goes on with those it has."""

import socket
from typing import Any

import gevent
import gevent.pool
import gevent.socket

from downloads_app.web.gunicorn.balance import Balance
from downloads_app.web.gunicorn.listeners import Connections, EvenServer
from downloads_app.web.gunicorn.strangers import Strangers

WAITING = 20


def test_one_connection_is_accepted_a_turn_of_the_loop() -> None:
    turn = 0
    accepted: list[int] = []

    def count() -> None:
        nonlocal turn
        turn += 1

    def handle(_sock: Any, _address: Any) -> None:
        accepted.append(turn)

    turns = gevent.get_hub().loop.prepare()
    turns.start(count)
    with gevent.socket.create_server(("127.0.0.1", 0), backlog=WAITING) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(WAITING)]
        server = EvenServer(
            Connections(Balance(), 1, Strangers(100)), listener, handle, spawn=gevent.pool.Pool(WAITING)
        )
        server.start()
        with gevent.Timeout(30):
            while len(accepted) < WAITING:
                gevent.sleep(0)
        server.stop()
        for client in clients:
            client.close()
    turns.stop()
    assert len(set(accepted)) == WAITING


def test_a_process_that_is_about_to_end_accepts_no_more_though_it_was_only_pausing() -> None:
    connections = Connections(Balance(), 1, Strangers(100))
    accepted: list[Any] = []
    with gevent.socket.create_server(("127.0.0.1", 0), backlog=WAITING) as listener:
        server = EvenServer(connections, listener, lambda sock, _: accepted.append(sock), spawn=gevent.pool.Pool(1))
        server.start()
        server.stop_accepting()
        paused = server.loop.timer(0.01)
        paused.start(server._start_accepting_if_started)
        connections.leave()
        with socket.create_connection(listener.getsockname()):
            gevent.sleep(0.1)
            assert not accepted
            connections.has_left = False
            server.start_accepting()
            with gevent.Timeout(30):
                while not accepted:
                    gevent.sleep(0.01)
        server.stop()


def test_a_strangers_connection_counts_until_it_has_been_served() -> None:
    """gevent gives the address on accepting and on closing (`do_read`, `do_close`): both are seams of ours."""
    served: list[Any] = []

    def handle(sock: Any, _address: Any) -> None:
        served.append(sock.recv(1))

    with gevent.socket.create_server(("127.0.0.1", 0), backlog=WAITING) as listener:
        connections = Connections(Balance(), 1, Strangers(1))
        server = EvenServer(connections, listener, handle, spawn=gevent.pool.Pool(WAITING))
        server.start()
        with gevent.Timeout(30), gevent.socket.create_connection(listener.getsockname()) as first:
            with gevent.socket.create_connection(listener.getsockname()) as surplus:
                assert surplus.recv(1) == b""
            first.sendall(b"x")
            assert first.recv(1) == b"", "it has been served"
            with gevent.socket.create_connection(listener.getsockname()) as third:
                third.sendall(b"y")
                assert third.recv(1) == b""
        server.stop()
    assert served == [b"x", b"y"]
