"""A TCP relay that cuts each connection after a random number of bytes: `TARGET_PORT MEAN_BYTES`, prints its port."""

import contextlib
import os
import random
import socket
import sys
import threading

PIPE_BYTES = 1 << 20


def pass_on(source: socket.socket, target: socket.socket, limit_bytes: float) -> None:
    """Move bytes within the kernel until either end closes or `limit_bytes` have passed; then cut both."""
    reader, writer = os.pipe()
    with contextlib.suppress(OSError):
        while limit_bytes > 0:
            count = os.splice(source.fileno(), writer, PIPE_BYTES)
            if count == 0:
                break
            limit_bytes -= count
            while count:
                count -= os.splice(reader, target.fileno(), count)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    os.close(reader)
    os.close(writer)


def main(target_port: int, mean_bytes: int) -> None:
    """Relay until killed. The cuts are the same in every run."""
    dice = random.Random(1)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", target_port))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = dice.expovariate(1 / mean_bytes)
        threading.Thread(target=pass_on, args=(client, server, float("inf")), daemon=True).start()
        threading.Thread(target=pass_on, args=(server, client, limit), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
