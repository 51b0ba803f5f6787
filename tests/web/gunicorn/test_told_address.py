"""The address that `downloads-app run` prints for a browser."""

from types import SimpleNamespace

import pytest

from downloads_app.web.gunicorn.launch import RUN_VARIABLE
from downloads_app.web.gunicorn.master import tell_address


def listening(*addresses: object, is_ssl: bool = False) -> SimpleNamespace:
    """A server of gunicorn's with listeners at these addresses, as `getsockname` tells them."""
    sockets = [SimpleNamespace(sock=SimpleNamespace(getsockname=lambda told=told: told)) for told in addresses]
    return SimpleNamespace(LISTENERS=sockets, cfg=SimpleNamespace(is_ssl=is_ssl))


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (listening(("127.0.0.1", 8000)), "Open http://127.0.0.1:8000\n"),
        (listening(("::1", 8000, 0, 0), is_ssl=True), "Open https://[::1]:8000\n"),
        (listening("/run/web.sock", ("0.0.0.0", 80), ("192.0.2.7", 8000)), "Open http://192.0.2.7:8000\n"),
        (listening("/run/web.sock", ("::", 80, 0, 0)), ""),
    ],
)
def test_it_is_one_that_can_be_opened_and_for_people_alone(
    server: SimpleNamespace, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    tell_address(server)
    assert capsys.readouterr().out == ""
    monkeypatch.setenv(RUN_VARIABLE, "1")
    tell_address(server)
    assert capsys.readouterr().out == told
