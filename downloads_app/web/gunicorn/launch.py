"""Becomes gunicorn: `downloads-app run` goes on as this module, and holds Ctrl-C back until it runs."""

import os
import runpy
import signal

from downloads_app.web.gunicorn.early_end import end_at_once

RUN_VARIABLE = "DOWNLOADS_APP_RUN"
"""Set in gunicorn's environment if it was started so: by somebody who may want to open the page."""

TERMINAL_VARIABLE = "DOWNLOADS_APP_TERMINAL"
"""Set too if it is to end with the terminal in which it was typed; `nohup` asks for the contrary."""


def has_terminal() -> bool:
    """Whether this process belongs to a terminal that is open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    end_at_once()
    os.environ[RUN_VARIABLE] = "1"
    if has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        os.environ[TERMINAL_VARIABLE] = "1"
    runpy.run_module("gunicorn", run_name="__main__", alter_sys=True)
