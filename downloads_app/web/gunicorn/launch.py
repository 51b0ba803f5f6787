"""Becomes gunicorn: `downloads-app run` goes on as this module, and holds Ctrl-C back until it runs."""

import os
import runpy

from downloads_app.web.gunicorn.early_end import end_at_once

RUN_VARIABLE = "DOWNLOADS_APP_RUN"
"""Set in gunicorn's environment if it was started so: by somebody who may want to open the page."""

if __name__ == "__main__":
    end_at_once()
    os.environ[RUN_VARIABLE] = "1"
    runpy.run_module("gunicorn", run_name="__main__", alter_sys=True)
