"""Long work has threads of its own: of one user little at a time, and nobody else waits for it."""

import subprocess
import sys
import textwrap

from tests.support.server import PROJECT

_UNDER_GEVENT = """
from gevent import monkey

monkey.patch_all()

import os
import socket
from types import SimpleNamespace

import gevent
from flask import g

from downloads_app import create_app
from downloads_app.web.hashing import hash_in_turn
from downloads_app.web.long_work import LONG_WORK, OPENING, THREADS, THREADS_PER_USER, do_long_work, open_in_thread

app = create_app(instance_dir=INSTANCE, database_url="")
begun, (reading, writing) = [], os.pipe()


def stuck(name):
    begun.append(name)
    return os.read(reading, 1)


def fail():
    raise FileNotFoundError("no folder")


def work(user_id, function, *args, by=do_long_work):
    with app.test_request_context():
        g.token = SimpleNamespace(user_id=user_id)
        return by(function, *args)


def until(condition):
    with gevent.Timeout(60):
        while not condition():
            gevent.sleep(0.01)


waiting = [gevent.spawn(work, "mallory", stuck, "mallory") for _ in range(40)]
until(lambda: len(begun) == THREADS_PER_USER)
assert work("alice", len, "four") == 4, "another user's goes on"
with app.test_request_context():
    assert hash_in_turn(len, "hash") == 4, "passwords are hashed"
assert gevent.get_hub().resolver.getaddrinfo("127.0.0.1", None), "names are looked up"
with gevent.Timeout(60):
    assert work("mallory", len, "four", by=open_in_thread) == 4, "their files are opened"
assert begun == ["mallory"] * THREADS_PER_USER, "the rest waits"
try:
    work("alice", fail)
except FileNotFoundError as exc:
    print("raised:", exc)
users = [gevent.spawn(work, f"user{number}", stuck, "other") for number in range(THREADS)]
until(lambda: len(begun) == THREADS)
with gevent.Timeout(60):
    assert work("alice", len, "four", by=open_in_thread) == 4, "and everybody's, while all threads are busy"
os.write(writing, bytes(40 + THREADS))
gevent.joinall(waiting + users, timeout=60, raise_error=True)
assert len(begun) == 40 + THREADS
print("left:", len(LONG_WORK.turns._places), len(OPENING.turns._places))
"""


def test_a_user_with_a_slow_disk_fills_neither_the_pool_nor_gevent_s(tmp_path: object) -> None:
    script = textwrap.dedent(_UNDER_GEVENT).replace("INSTANCE", repr(str(tmp_path)))
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("raised: no folder\nleft: 0 0\n", "")
    assert done.returncode == 0
