"""Many sends with one system call: Linux's io_uring, as far as the pacer needs it.

With one `send` call a stream, the kernel often runs the reader that it has just woken first: every second event then
costs a process switch and cold caches. If all sends of a slot are submitted together, they run one after the other and
no reader runs between them (io_uring_enter(2), io_uring_setup(2), linux/io_uring.h).
"""

import ctypes
import errno
import mmap
import os
import socket
import struct
from array import array
from ctypes import c_uint32, c_uint64, c_void_p

ENTRIES = 512
"""Sends per call; a larger batch takes several calls."""
_SETUP, _ENTER = 425, 426  # the same on every architecture that Linux has got since 2019
_SUBMIT_ALL = 1 << 7  # go on after an entry that fails (Linux 5.18)
_SINGLE_MMAP = 1 << 0
_GET_EVENTS = 1 << 0
_OP_SEND = 26
_ENTRIES_OFFSET = 0x10000000
_ENTRY = struct.Struct("=BBHiQQIIQ")  # opcode, flags, ioprio, fd, off, addr, len, msg_flags, user_data; 64 bytes in all
_ENTRY_BYTES = 64
_PAGE = mmap.PAGESIZE
_PASSING = (errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENOMEM)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_address_of_bytes = ctypes.pythonapi.PyBytes_AsString
_address_of_bytes.argtypes, _address_of_bytes.restype = [ctypes.py_object], c_void_p


class _SubmissionOffsets(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("head", "tail", "mask", "entries", "flags", "dropped", "array", "_")] + [
        ("user_addr", c_uint64)
    ]


class _CompletionOffsets(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("head", "tail", "mask", "entries", "overflow", "cqes", "flags", "_")] + [
        ("user_addr", c_uint64)
    ]


class _Parameters(ctypes.Structure):
    _fields_ = [
        ("sq_entries", c_uint32),
        ("cq_entries", c_uint32),
        ("flags", c_uint32),
        ("sq_thread_cpu", c_uint32),
        ("sq_thread_idle", c_uint32),
        ("features", c_uint32),
        ("wq_fd", c_uint32),
        ("_", c_uint32 * 3),
        ("submission", _SubmissionOffsets),
        ("completion", _CompletionOffsets),
    ]


def address_of(data: bytes) -> int:
    """Return the memory address of the bytes. The caller must keep the bytes as long as the address is used."""
    address: int = _address_of_bytes(data)
    return address


class Ring:
    """An io_uring of this process, for one thread. Raises OSError if the kernel offers none."""

    def __init__(self) -> None:
        self.failure: OSError | None = None
        """If set, the ring is not used again. The frames of that turn were refused, or their state is unknown."""
        parameters = _Parameters(flags=_SUBMIT_ALL)
        self._fd = _syscall(_SETUP, ENTRIES, ctypes.addressof(parameters), 0, 0)
        try:
            self._map(parameters)
            self._prove()
        except BaseException:
            self.close()
            raise

    def _map(self, parameters: _Parameters) -> None:
        """Map the memory shared with the kernel, and make a memoryview (a column) of each field that changes."""
        if not parameters.features & _SINGLE_MMAP:
            raise OSError(errno.ENOSYS, "the kernel's io_uring is too old")
        submission, completion = parameters.submission, parameters.completion
        size = max(submission.array + 4 * ENTRIES, completion.cqes + 16 * parameters.cq_entries)
        rings = mmap.mmap(self._fd, -(-size // _PAGE) * _PAGE, flags=mmap.MAP_SHARED)
        entries = mmap.mmap(self._fd, _ENTRY_BYTES * ENTRIES, flags=mmap.MAP_SHARED, offset=_ENTRIES_OFFSET)
        for index in range(ENTRIES):
            flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
            _ENTRY.pack_into(entries, _ENTRY_BYTES * index, _OP_SEND, 0, 0, -1, 0, 0, 0, flags, index)
        whole = memoryview(entries)
        self._fds = whole.cast("i")[1::16]
        self._addresses = whole.cast("Q")[2::8]
        self._lengths = whole.cast("i")[6::16]
        words = memoryview(rings).cast("I")
        order = submission.array // 4
        words[order : order + ENTRIES] = array("I", range(ENTRIES))
        self._submitted = words[submission.tail // 4 :][:1]
        self._taken = words[completion.head // 4 :][:1]
        self._completed = words[completion.tail // 4 :][:1]
        completions = slice(completion.cqes, completion.cqes + 16 * parameters.cq_entries)
        self._places = memoryview(rings)[completions].cast("Q")[0::2]
        self._results = memoryview(rings)[completions].cast("i")[2::4]
        self._sent = 0

    def _prove(self) -> None:
        """Send one byte as a test: a sandbox may allow a ring to be created but not to be used."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            missed = self.send(array("i", [ours.fileno()]), array("Q", [address_of(b"x")]), array("i", [1]))
            if missed or theirs.recv(2, socket.MSG_DONTWAIT) != b"x":
                raise OSError(-missed.get(0, -errno.ENOTSUP), "the kernel's io_uring does not send")

    def send(self, fds: "array[int]", addresses: "array[int]", lengths: "array[int]") -> dict[int, int]:
        """Send to non-blocking sockets; the arguments are three columns of equal length, one place for each send.

        Return the places whose bytes the kernel did not take completely. The value is what send(2) would return: the
        number of bytes taken, or a negative errno.
        """
        missed: dict[int, int] = {}
        done = 0
        while done < len(fds):
            part = slice(done, done + ENTRIES - self._sent % ENTRIES)  # up to the ring's end: nothing wraps
            missed_here = self._send_part(fds[part], addresses[part], lengths[part])
            missed |= {done + place: result for place, result in missed_here.items()}
            done = part.stop
        return missed

    def _send_part(self, fds: "array[int]", addresses: "array[int]", lengths: "array[int]") -> dict[int, int]:
        wanted = len(fds)
        start = self._sent % ENTRIES
        here = slice(start, start + wanted)
        self._fds[here] = fds
        self._addresses[here] = addresses
        self._lengths[here] = lengths
        self._submitted[0] = (self._sent + wanted) & 0xFFFFFFFF
        taken = self._enter(wanted, 0, 0)
        after = (self._sent + taken) & 0xFFFFFFFF
        while self._completed[0] != after:  # never seen: a non-blocking send completes when it is submitted
            self._enter(0, taken, _GET_EVENTS)
            if self.failure is not None:
                raise self.failure
        first = self._sent % len(self._results)
        told = slice(first, first + taken)
        missed = {}
        # Completions may arrive in any order. Usually they arrive in order and whole: then the columns are equal.
        # Otherwise, look at each result.
        if self._results[told] != lengths:
            results = dict.fromkeys(range(wanted), -errno.EAGAIN)  # an entry that the kernel did not take was not sent
            places = (place - start for place in self._places[told])
            results.update(zip(places, self._results[told], strict=True))
            missed = {place: result for place, result in results.items() if result != lengths[place]}
        self._sent += taken
        self._submitted[0] = self._taken[0] = after
        return missed

    def _enter(self, submitted: int, awaited: int, flags: int) -> int:
        """Return how many entries the kernel took; see io_uring_enter(2)."""
        try:
            return _syscall(_ENTER, self._fd, submitted, awaited, flags)
        except OSError as exc:
            if exc.errno not in _PASSING:
                self.failure = exc
            return 0

    def close(self) -> None:
        """Give the ring back."""
        os.close(self._fd)


def _syscall(number: int, *arguments: int) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments), c_void_p(None), ctypes.c_long(0))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
