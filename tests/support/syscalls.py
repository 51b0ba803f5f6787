"""Runs a command under the system call filters of a unit in deploy/, as systemd makes them, for any user.

`python -m tests.support.syscalls UNIT COMMAND…`, in the project's folder. What a unit asks for besides (mounts, users,
capabilities) takes root and a systemd: tests/support/machine.py has one.
"""

import ctypes
import errno
import mmap
import os
import sys

from tests.support.units import Unit, allowed_calls, calls_of, read_unit

ALLOW = 0x7FFF0000  # seccomp.h of libseccomp
REFUSE = 0x00050000  # and an errno
_NOT_EQUAL, _EQUAL, _GREATER, _MASKED_EQUAL = 1, 4, 6, 7
NAMESPACES = (0x80, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000)  # sched.h
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
LAST_FAMILY = 60
SHM_EXEC = 0o100000


class _Comparison(ctypes.Structure):
    """An argument of a call, and what it is compared with; `scmp_arg_cmp`."""

    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


class Filter:
    """A filter of this process and all that it starts; nothing takes it back."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))
        self._otherwise = otherwise

    def add(self, action: int, call: str, *compared: tuple[int, int, int, int]) -> None:
        """Answer a call so, if all its compared arguments are as told (argument, operator, two numbers)."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number == -1 or action == self._otherwise:
            return  # a call of a newer libseccomp, or of another machine
        comparisons = (_Comparison * len(compared))(*(_Comparison(*each) for each in compared))
        done = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, ctypes.c_uint(len(compared)), comparisons
        )
        assert done in (0, -errno.EDOM), (call, os.strerror(-done))

    def load(self) -> None:
        """Put the filter on this process."""
        done = self._library.seccomp_load(self._context)
        assert done == 0, os.strerror(-done)


def forbid(unit: Unit) -> None:
    """Put the unit's filters on this process; that of the calls last, as the others need some to be put on."""
    refused = Filter(ALLOW)
    if unit["MemoryDenyWriteExecute"] == ["true"]:
        written_and_run = mmap.PROT_WRITE | mmap.PROT_EXEC
        refused.add(REFUSE | errno.EPERM, "mmap", (2, _MASKED_EQUAL, written_and_run, written_and_run))
        for call in ("mprotect", "pkey_mprotect"):
            refused.add(REFUSE | errno.EPERM, call, (2, _MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC))
        refused.add(REFUSE | errno.EPERM, "shmat", (2, _MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    if unit["RestrictNamespaces"] == ["true"]:
        for flag in NAMESPACES:
            refused.add(REFUSE | errno.EPERM, "clone", (0, _MASKED_EQUAL, flag, flag))
        refused.add(REFUSE | errno.ENOSYS, "clone3")
        for call in ("unshare", "setns"):
            refused.add(REFUSE | errno.EPERM, call)
    if unit["LockPersonality"] == ["true"]:
        refused.add(REFUSE | errno.EPERM, "personality", (0, _NOT_EQUAL, 0, 0))
    (families,) = unit["RestrictAddressFamilies"]
    allowed = {FAMILIES[name] for name in families.split()}
    for family in {*range(LAST_FAMILY)} - allowed:
        refused.add(REFUSE | errno.EAFNOSUPPORT, "socket", (0, _EQUAL, family, 0))
    refused.add(REFUSE | errno.EAFNOSUPPORT, "socket", (0, _GREATER, LAST_FAMILY - 1, 0))
    refused.load()
    _allow_only(allowed_calls(unit), REFUSE | getattr(errno, unit["SystemCallErrorNumber"][-1]))


def _allow_only(allowed: set[str], action: int) -> None:
    """Refuse all calls that systemd knows and the unit does not allow; those that it does not know do not exist."""
    calls = Filter(REFUSE | errno.ENOSYS)
    for call in calls_of("@known") | allowed:
        calls.add(ALLOW if call in allowed else action, call)
    calls.load()


if __name__ == "__main__":
    forbid(read_unit(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
