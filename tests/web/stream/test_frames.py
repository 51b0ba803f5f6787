"""What is asked of the socket of a stream."""

import socket

from downloads_app.web.stream import frames


def test_what_a_client_that_does_not_read_can_cost_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        frames.prepare_socket(ours, 2.5)
        # The kernel doubles what it is asked for: socket(7).
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * frames.SEND_BUFFER_BYTES
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500
