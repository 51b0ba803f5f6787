"""The pacer gives the kernel raw addresses. No stream is ever handed bytes that were freed, or that are another user's.

`memory.py` makes a freed frame's memory show itself; here it is shaken, in a short form and a long one.
"""

import gc
import random

import pytest

from downloads_app.web.stream.pacing import slots
from downloads_app.web.stream.pacing.io_uring.ring import address_of
from downloads_app.web.stream.pacing.packets import NOTHING, Packet
from downloads_app.web.stream.pacing.senders import best_sender
from tests.web.stream.pacing.memory import Memory, make_packet_class
from tests.web.stream.pacing.world import World

SHORT, LONG = 2000, 60_000
"""Steps of a run; some 8,000 events are sent in the short one."""


def shake(seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(slots, "Packet", make_packet_class(Memory(random.Random(seed))))
    world = World(seed, best_sender())
    world.run(steps)
    assert world.wheel._feeds == {}
    return world


@pytest.mark.parametrize("seed", range(2))
def test_under_random_changes_each_stream_is_sent_what_its_user_may_see(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shake(seed, SHORT, monkeypatch).sends > SHORT


@pytest.mark.scale
@pytest.mark.parametrize("seed", range(100, 106))
def test_under_long_random_changes_each_stream_is_sent_what_its_user_may_see(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shake(seed, LONG, monkeypatch).sends > LONG


def test_a_packet_keeps_the_bytes_whose_address_it_tells() -> None:
    packet = Packet(b"%d" % random.getrandbits(4096))
    copy = bytes(bytearray(packet.data))
    gc.collect()
    assert address_of(packet.data) == packet.address
    assert packet.data == copy
    assert packet.length == len(copy)
    assert NOTHING.length == 0
