"""How a slot's frames reach the kernel: all with one system call (io_uring), or else one by one."""

import errno
import logging
from array import array
from collections.abc import MutableSequence
from typing import Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from downloads_app.web.stream import metrics
from downloads_app.web.stream.pacing.io_uring.ring import Ring
from downloads_app.web.stream.pacing.packets import Packet

REFUSED = -errno.EAGAIN
"""The connection's buffer in the kernel is full."""

IO_URING, ONE_BY_ONE = "io_uring", "one by one"
"""The senders' names in the metrics."""

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """A connection to send to: a non-blocking socket's `send`, and its file descriptor."""

    fd: int

    def send(self, data: bytes, /) -> int:
        """See socket.send."""
        ...


class PacketHolder(Protocol):
    """The source of a packet. It must keep the packet as long as a batch holds the packet's address."""

    packet: Packet


R = TypeVar("R", bound=Receiver)
S = TypeVar("S", bound=PacketHolder)


class Batch(Generic[R, S]):
    """What is sent together: at each place, from 0 on, a receiver and the source of its packet.

    A batch is kept between sends, with the columns of numbers for the kernel. Code that changes a source's packet must
    set the new address and length at each place of that source.
    """

    __slots__ = ("addresses", "fds", "holders", "lengths", "receivers")

    def __init__(self) -> None:
        self.receivers: list[R] = []
        self.holders: list[S] = []
        self.fds = array("i")
        self.addresses = array("Q")
        self.lengths = array("i")

    def __len__(self) -> int:
        return len(self.receivers)

    def add(self, receiver: R, source: S) -> int:
        """Give a receiver the next place, and load its source's packet there. Return the place."""
        self.receivers.append(receiver)
        self.holders.append(source)
        self.fds.append(receiver.fd)
        self.addresses.append(source.packet.address)
        self.lengths.append(source.packet.length)
        return len(self.receivers) - 1

    def drop(self, place: int) -> R:
        """Clear a place: the last receiver moves to it. Return that receiver."""
        last = self.receivers[-1]
        columns: list[MutableSequence[Any]] = [self.receivers, self.holders, self.fds, self.addresses, self.lengths]
        for column in columns:
            column[place] = column[-1]
            column.pop()
        return last


@runtime_checkable
class Sender(Protocol):
    """Gives bytes to the kernel, and never waits."""

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        """Send each receiver its packet. Return the places whose packet the kernel did not take completely.

        The value is the number of bytes taken, REFUSED, or another negative errno.
        """
        ...


class OneByOne:
    """One system call for each receiver."""

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        """See Sender."""
        results = map(_send, batch.receivers, batch.holders)
        return {place: sent for place, sent in enumerate(results) if sent != batch.lengths[place]}


def _send(receiver: Receiver, holder: PacketHolder) -> int:
    try:
        return receiver.send(holder.packet.data)
    except BlockingIOError:
        return REFUSED
    except OSError as exc:
        return -(exc.errno or errno.EPIPE)


class Together:
    """One system call for all; after the ring has failed, one for each. So a failure costs only one turn."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._one_by_one: OneByOne | None = None

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        """See Sender."""
        if self._ring.failure is None:
            return self._ring.send(batch.fds, batch.addresses, batch.lengths)
        if self._one_by_one is None:
            self._one_by_one = OneByOne()
            metrics.show_sender(ONE_BY_ONE)
            log.warning("sending one by one from now on: the kernel's io_uring failed: %s", self._ring.failure)
        return self._one_by_one.send(batch)


def best_sender(io_uring: Literal["auto", "off"] = "auto") -> Sender:
    """Return the quickest sender that works here and that STREAM_IO_URING allows. Log it and show it in the metrics.

    Old kernels, sandboxes and `kernel.io_uring_disabled` allow no ring.
    """
    try:
        if io_uring == "off":
            return _one_by_one("STREAM_IO_URING is off")
        sender = Together(Ring())
    except (OSError, ValueError) as exc:
        return _one_by_one(f"the kernel offers no io_uring: {exc}")
    metrics.show_sender(IO_URING)
    log.info("sending a turn's events together, by io_uring")
    return sender


def _one_by_one(reason: str) -> Sender:
    metrics.show_sender(ONE_BY_ONE)
    log.info("sending one by one: %s", reason)
    return OneByOne()
