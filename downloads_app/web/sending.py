"""How a slot's frames reach the kernel: all with one system call, or one by one where the kernel has none for it."""

import errno
import logging
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from downloads_app.web.ring import Ring
from downloads_app.web.wire import Packet

REFUSED = -errno.EAGAIN
"""The connection's buffer in the kernel is full."""

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """Somebody to send to: a non-blocking socket, and its descriptor."""

    fd: int

    def send(self, data: bytes, /) -> int:
        """See socket.send."""
        ...


@runtime_checkable
class Sender(Protocol):
    """Hands bytes to the kernel, and never waits."""

    def send(self, receivers: Sequence[Receiver], packets: Sequence[Packet]) -> list[int]:
        """Send each its packet; return for each how many bytes were taken, REFUSED, or another negative errno."""
        ...


class OneByOne:
    """A system call for each."""

    def send(self, receivers: Sequence[Receiver], packets: Sequence[Packet]) -> list[int]:
        """See Sender."""
        return [_send(receiver, packet) for receiver, packet in zip(receivers, packets, strict=True)]


def _send(receiver: Receiver, packet: Packet) -> int:
    try:
        return receiver.send(packet.data)
    except BlockingIOError:
        return REFUSED
    except OSError as exc:
        return -(exc.errno or errno.EPIPE)


class Together:
    """A system call for all."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def send(self, receivers: Sequence[Receiver], packets: Sequence[Packet]) -> list[int]:
        """See Sender."""
        return self._ring.send(
            [receiver.fd for receiver in receivers],
            [packet.address for packet in packets],
            [packet.length for packet in packets],
        )


def best_sender() -> Sender:
    """Return the quickest that works here: old kernels, sandboxes and `kernel.io_uring_disabled` allow no ring."""
    try:
        return Together(Ring())
    except (OSError, ValueError) as exc:
        log.info("sending one by one, since the kernel offers no io_uring: %s", exc)
        return OneByOne()
