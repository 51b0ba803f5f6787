"""A process that may open few files lists with fewer connections, or says plainly what it lacks."""

import subprocess
import sys
from pathlib import Path

from tests.support.file_server import FileServer

PROGRAM = """
import os, resource, sys
from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.side_by_side import Question, fetch_side_by_side
url, spare = sys.argv[1], int(sys.argv[2])
access = Access(url, allow_private_network=True)
fetch_text(access, url + "0", limit_bytes=100)  # loads what is loaded once
used = len(os.listdir("/proc/self/fd")) - 1
resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, used + spare))
try:
    questions = [Question(f"{url}{number}") for number in range(50)]
    answers = fetch_side_by_side(access, questions, limit_bytes=100, check=lambda: None)
    print(sorted(int(answer.body) for _, answer in answers) == list(range(50)))
    print(fetch_text(access, url + "7", limit_bytes=100).body)
except Exception as exc:
    print(type(exc).__name__, exc)
"""


def ask(server: FileServer, spare: int) -> str:
    for number in range(50):
        server.put(str(number), str(number).encode())
    command = [sys.executable, "-c", PROGRAM, server.url, str(spare)]
    ran = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_fewer_connections_ask_all_questions(server: FileServer) -> None:
    assert ask(server, spare=9) == "True\nb'7'\n"


def test_a_process_without_any_descriptor_says_so(server: FileServer) -> None:
    assert "TooManyFiles" in ask(server, spare=0)
