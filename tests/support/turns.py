"""How long a server's event loop is held: the CPU time of its thread between two switches of greenlets."""

import json
import time
from pathlib import Path

from flask import Flask, Response
from greenlet import settrace

from tests.support.server import PROJECT

PATH = "/longest-turn"
_WSGI = """import sys

sys.path.insert(0, {project!r})

from downloads_app import create_app
from tests.support.turns import watch

app = watch(create_app())
"""


class _Turns:
    """The longest turn since the last look. Other threads, a hash at work for example, do not count."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = time.thread_time()

    def note(self, _event: str, _greenlets: object) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._began)
        self._began = now


def watch(app: Flask) -> Flask:
    """Let an application answer, at PATH, the longest turn since it was asked before; the first answer begins."""
    turns: list[_Turns] = []

    @app.route(PATH)
    def longest_turn() -> Response:
        longest = turns.pop().longest if turns else 0.0
        turns.append(_Turns())
        settrace(turns[0].note)
        return Response(json.dumps(longest), mimetype="application/json")

    return app


def watched_project(folder: Path) -> Path:
    """Return a folder from which gunicorn serves the watched application with the project's own configuration."""
    folder.mkdir()
    (folder / "wsgi.py").write_text(_WSGI.format(project=str(PROJECT)))
    ours = f"import sys\n\nsys.path.insert(0, {str(PROJECT)!r})\n"
    (folder / "gunicorn.conf.py").write_text(ours + (PROJECT / "gunicorn.conf.py").read_text())
    return folder
