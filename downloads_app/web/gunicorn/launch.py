"""Becomes gunicorn: `downloads-app run` goes on as this module, and holds Ctrl-C back until it runs."""

import runpy

from downloads_app.web.gunicorn.early_end import end_at_once

if __name__ == "__main__":
    end_at_once()
    runpy.run_module("gunicorn", run_name="__main__", alter_sys=True)
