"""What an admin can do about a provider that does not answer, by what went wrong."""

import shlex

from downloads_app.errors import Cause, DownloadsError, SourceError
from downloads_app.sources import Access


def advise(name: str, access: Access, error: DownloadsError) -> str:
    """Return what to do, by what went wrong."""
    change = f"downloads-app providers change {shlex.quote(name)}"
    address = "list of addresses" if access.address_list else "address"
    proxy, authority = ", proxy" if access.proxy_url else "", ", authority" if access.ca_file else ""
    if not isinstance(error, SourceError):
        return f"see its {address}, secrets{proxy}{authority}: {change}"
    if error.option:
        return f"if you trust that host: {change} {_write_option(access, error.option)}"
    if error.cause == Cause.SERVER:
        return "the fault is the server's: ask again later; its downloads are tried again for a while, then they fail"
    if error.cause == Cause.RATE:
        return "it asks for time: ask again later; its downloads wait as long as it says"
    if error.cause == Cause.NETWORK and error.permanent:  # mostly of certificates
        return f"see its {address}{proxy}{authority or ', --ca-file'}: {change}"
    if error.cause == Cause.NETWORK:
        return f"see whether its server runs, and its {address}{proxy}: {change}"
    if error.cause in (Cause.MISSING, Cause.ADDRESS):
        return f"see its {address}: {change}"
    return f"see its {address}, secrets{proxy}{authority}: {change}"


def _write_option(access: Access, option: str) -> str:
    """Return an option for a shell, together with the hosts that are allowed already: it replaces them."""
    flag, _, host = option.partition(" ")
    hosts = [*access.allow_hosts, host] if host else []
    return " ".join(f"{flag} {shlex.quote(each)}" for each in hosts) or flag
