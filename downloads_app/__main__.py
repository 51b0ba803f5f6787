"""`python -m downloads_app`: the same as the command `downloads-app`."""

import signal
import sys
from collections.abc import Sequence


def main() -> None:
    """Run a command. Ctrl-C ends its loading and its end at once, without a traceback; `run` until gunicorn takes over.

    Python's own KeyboardInterrupt may come where nobody can raise it: it is printed, and the command goes on. What a
    shell asks for has nothing to give back, and what it would print stands in the line that is typed.
    """
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not one that is to be ignored
    if is_usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from downloads_app.cli.entry import main as run_command
    from downloads_app.cli.loading import full_disk_in_one_line, is_completing

    if is_usual and not (is_run(sys.argv[1:]) or is_completing()):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with full_disk_in_one_line():  # a help text is written outside of any command
            run_command(prog_name="downloads-app")
    except KeyboardInterrupt:  # before click looks, or after
        sys.exit(1)
    finally:
        if is_usual:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_run(arguments: Sequence[str]) -> bool:
    """Whether the command is `run`, after the one option of all commands that may stand before it."""
    words = list(arguments)
    if words[:1] == ["--instance"]:
        del words[:2]
    elif words and words[0].startswith("--instance="):
        del words[0]
    return words[:1] == ["run"]


if __name__ == "__main__":
    main()
