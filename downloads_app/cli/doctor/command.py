"""The command `downloads-app doctor`."""

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask.cli import with_appcontext
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.doctor import database, disk, encryption, kernel, providers, proxy, secrets, stream
from downloads_app.cli.doctor.address import Address, read_address
from downloads_app.cli.doctor.finding import Finding, State, fine, note, wrong
from downloads_app.cli.groups import Command, explain_database
from downloads_app.cli.printing import JSON_OPTION, plain, print_json, print_trimmed
from downloads_app.config import Settings, current_settings
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.inspection import trial

_STYLES = {State.FINE: "green", State.NOTE: "yellow", State.WRONG: "red"}


@click.command("doctor", cls=Command)
@click.option("--url", help="Examine it from outside too: where people open the page.")
@JSON_OPTION
@with_appcontext
def doctor(url: str | None, as_json: bool) -> None:
    """Examine the whole installation: what is wrong, and what to do; exit code 1 if anything is.

    Run it as the service's user, with the service's settings. With --url it signs in and opens a stream as a user of
    its own, who is gone afterwards.

    \b
    Examples:
      downloads-app doctor
      downloads-app doctor --url https://downloads.example.org
    """
    found = []
    for finding in _examine(current_settings(), url):
        found.append(finding)
        if not as_json:
            _print(finding)
    faults = sum(finding.state is State.WRONG for finding in found)
    if as_json:
        print_json({"healthy": not faults, "findings": [asdict(finding) for finding in found]})
    else:
        click.echo(
            f"{faults} of {len(found)} findings {'is' if faults == 1 else 'are'} wrong" if faults else "All is well"
        )
    sys.exit(1 if faults else 0)


def _examine(settings: Settings, url: str | None) -> Iterator[Finding]:
    address = read_address(url) if url else None
    yield fine("settings", f"all can be read; data lies in {settings.instance_dir}")
    for check in (secrets.check_strength, secrets.check_modes, disk.check_folders):
        yield from check(settings)
    for check in (kernel.check_files, kernel.check_io_uring):
        yield from check(settings)
    is_usable = True
    try:
        for finding in database.check_database(settings):
            is_usable = is_usable and not (finding.part == "database" and finding.state is State.WRONG)
            yield finding
        give_connection_back()
        if is_usable:
            yield from providers.check_providers(settings)
        if address is not None:
            yield from _examine_outside(settings, address, is_usable)
    except SQLAlchemyError as exc:
        yield wrong("database", explain_database(exc), "see the log of the service and of the database")


def _examine_outside(settings: Settings, address: Address, is_usable: bool) -> Iterator[Finding]:
    yield from encryption.check_encryption(address)
    reached = list(proxy.check_proxy(address))
    yield from reached
    yield from proxy.check_foreign_name(address)
    is_safe = address.is_encrypted or address.is_loopback
    if not is_usable or not is_safe or any(finding.state is State.WRONG for finding in reached):
        yield note("stream", "not tried: that comes when what is wrong above is mended")
        return
    with trial.begin(settings) as patient:
        yield from proxy.check_forwarded(address, patient)
        yield from stream.check_stream(settings, address, patient)


def _print(finding: Finding) -> None:
    """Print a finding; what to do stands below it."""
    row = Table.grid(padding=(0, 1))
    for width in (6, 12):
        row.add_column(width=width, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(plain(finding.state, _STYLES[finding.state]), plain(finding.part), plain(finding.found))
    if finding.advice:
        row.add_row("", "", plain(f"→ {finding.advice}"))
    print_trimmed(row)
