"""A signal that comes while a new process sets its handlers ends it as any other, and Python does not complain."""

import subprocess
import sys

SCRIPT = """
import os, signal
from downloads_app.web.gunicorn.early_end import end_while_loading, hold_signals

class Worker:
    booted = False

    def handle_quit(self, number, frame):
        raise AssertionError("this process serves nobody yet")

    def init_signals(self):  # as gunicorn's does
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        signal.signal(signal.SIGINT, self.handle_quit)

hold_signals()
worker = Worker()
end_while_loading(worker)
worker.init_signals()
raise AssertionError("the signal was lost")
"""


def test_a_signal_waits_until_a_new_process_has_its_handlers() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
