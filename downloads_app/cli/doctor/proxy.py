"""What stands before the service: it reaches it, tells it true addresses, and answers to its own name only."""

import ssl
from collections.abc import Iterator

from downloads_app.cli.doctor.address import FAILURES, Address, Answer, ask, connected
from downloads_app.cli.doctor.finding import Finding, fine, note, wrong
from downloads_app.services.inspection.trial import Trial

PRETENDED_ADDRESS = "203.0.113.7"  # RFC 5737: of nobody
FOREIGN_NAME = "doctor.invalid"


def check_proxy(address: Address) -> Iterator[Finding]:
    """Check that the service itself answers there."""
    try:
        answer = ask(address, "GET", "/healthz")
    except FAILURES as exc:
        yield wrong("proxy", f"nobody answers there: {exc}", "start nginx; see DNS, firewall and the address")
        return
    if answer.status in (502, 503, 504):
        text = f"the proxy answers {answer.status}: it does not reach the service"
        yield wrong(
            "proxy", text, "start the service; compare proxy_pass with GUNICORN_BIND; see the proxy's error log"
        )
    elif answer.status != 200 or not _is_ours(answer.body):
        text = f"something else answers there (status {answer.status})"
        yield wrong("proxy", text, "see server_name and proxy_pass, and a path in the URL")
    else:
        yield fine("proxy", "the service answers there")


def check_forwarded(address: Address, trial: Trial) -> Iterator[Finding]:
    """Sign in as a client that pretends another address, and compare what the service has seen."""
    body = {"username": trial.username, "password": trial.password, "cookies": True}
    pretended = {"X-Forwarded-For": PRETENDED_ADDRESS, "User-Agent": "downloads-doctor"}
    try:
        answer = ask(address, "POST", "/api/auth/login", body=body, headers=pretended)
    except FAILURES as exc:
        yield wrong("headers", f"a sign-in got no answer: {exc}", "see the log of the service")
        return
    if answer.status != 200:
        text = f"a sign-in with the right password got {answer.status}"
        yield wrong("headers", text, "is it another instance that answers there? compare DATABASE_URL; see the log")
        return
    yield _judge_address(trial.find_address(), answer)
    yield from _check_cookies(address, answer.headers.get_all("Set-Cookie") or [])


def _judge_address(seen: str | None, answer: Answer) -> Finding:
    """Compare the address that the service saw with ours, and with the proxy's."""
    if seen == PRETENDED_ADDRESS:
        text = "whoever asks can pretend any address: the proxy passes on the X-Forwarded-For that it is sent"
        return wrong("headers", text, "proxy_set_header X-Forwarded-For $remote_addr; in nginx")
    if seen == answer.seen_from:
        return fine("headers", f"clients' addresses arrive ({seen}), and cannot be pretended")
    text = f"a sign-in from {answer.seen_from} looked to the service like one from {seen or 'nowhere'}"
    advice = "name the proxy in TRUSTED_PROXIES (unix for a socket), and let it set X-Forwarded-For"
    if seen and seen != answer.server and seen[0].isdigit():
        return note("headers", f"{text}: right if addresses are translated between", f"else {advice}")
    return wrong("headers", f"{text}: limits and the list of sessions take all clients for one", advice)


def check_foreign_name(address: Address) -> Iterator[Finding]:
    """Ask for another name: a server that answers it can be used against its users (DNS rebinding, stray links)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told there
    try:
        with connected(address, context) as connection:
            connection.request("GET", "/healthz", headers={"Host": FOREIGN_NAME})
            response = connection.getresponse()
            is_answered = response.status == 200 and _is_ours(response.read(1000))
    except FAILURES:
        is_answered = False
    if is_answered:
        text = "requests for any other name are answered too"
        yield note("names", text, "a default server that answers 444, as deploy/nginx.conf has it; remove Debian's own")
    else:
        yield fine("names", "requests for another name get nothing")


def _check_cookies(address: Address, cookies: list[str]) -> Iterator[Finding]:
    paths = {part.strip() for cookie in cookies for part in cookie.split(";") if part.strip().startswith("Path=")}
    if f"Path={address.prefix or '/'}" not in paths:
        text = f"the service does not know that it lies below {address.prefix or '/'}: cookies are for {sorted(paths)}"
        yield wrong(
            "headers", text, "proxy_set_header X-Forwarded-Prefix with that path; name the proxy in TRUSTED_PROXIES"
        )
    if address.is_encrypted and not all("Secure" in cookie for cookie in cookies):
        text = "cookies are not Secure: a browser sends them by plain HTTP too"
        yield wrong("headers", text, "proxy_set_header X-Forwarded-Proto $scheme; and no COOKIE_SECURE=false")


def _is_ours(body: bytes) -> bool:
    return b'"status"' in body and b'"ok"' in body
