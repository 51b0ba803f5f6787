"""`python -m downloads_app`: the same as the command `downloads-app`."""

from downloads_app.cli.entry import main

main(prog_name="downloads-app")
