"""Bytes as a system call is given them."""

from downloads_app.web.stream.pacing.io_uring.ring import address_of


class Packet:
    """Bytes to send, with their address and length for a system call."""

    __slots__ = ("address", "data", "length")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.address = address_of(data)
        self.length = len(data)


NOTHING = Packet(b"")
