"""The users who watch, and which view each stream shows. Plain state; `snapshot.py` updates it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.live import changes
from downloads_app.services.live.changes import CREATED_AT, CURRENT_FILE, ID, KIND, STATUS, USER_ID
from downloads_app.services.live.view import View
from downloads_app.services.rights import refusal_of, sees_everything


class Account:
    """A user with at least one watch in this process, with the values that streams need."""

    __slots__ = ("is_loaded", "revoked", "state", "user_id", "valid_from", "view", "watches")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.is_loaded = False
        self.view = View()
        self.watches: set[Watch] = set()
        self.forget()

    def forget(self) -> None:
        """Drop everything, as before the first read."""
        self.is_loaded = False
        self.state: str | None = None  # None: there is no such user
        self.valid_from: Any = None
        self.revoked: set[str] = set()
        self.view.clear()


class Watch:
    """One stream's hold on the snapshot. `view` and `verdict` change when its user's rights change."""

    __slots__ = ("account", "on_show", "on_verdict", "token", "verdict", "view")

    def __init__(self, account: Account, token: VerifiedToken) -> None:
        self.account = account
        self.token = token
        self.view = account.view
        self.verdict: str | None = None
        """Why the token is refused; None while it is good."""
        self.on_show: Callable[[], object] = ignore_change
        """Called when `view` has changed."""
        self.on_verdict: Callable[[], object] = ignore_change
        """Called when the token is refused."""


def ignore_change() -> None:
    """Do nothing: for a stream that reads `view` and `verdict` itself at each tick."""


@dataclass(slots=True)
class Reading:
    """What one read has to return, and how much of it has arrived."""

    scope: changes.Scope
    new: list[Account]
    """Accounts whose data is complete once the read is over."""
    everybody: View
    """The view of all users' downloads; the read may return a page of it."""
    changes: list[tuple[View, str, str, bytes | None]] = field(default_factory=list)
    """Changes of downloads in loaded views, applied together when the read is over: a view, the id, `created_at`, and
    the encoded download, or None to remove it."""
    listed: int = 0
    """Rows of the page so far."""
    listed_up_to: tuple[str, str] | None = None
    """`created_at` and id of the page's last row so far."""


class Audience:
    """All watches of this process. Threads must hold the snapshot's lock."""

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        self._encode = encode
        self._accounts: dict[str, Account] = {}
        self._everybody = View()
        self._listed_up_to: tuple[str, str] | None = None
        """Sort key of the last row read by paging: `created_at` and id. None before the first page."""
        self._admin_watches = 0
        self._nothing = View()
        self._nothing.is_loaded = True

    def __len__(self) -> int:
        return len(self._accounts)

    def join(self, token: VerifiedToken) -> Watch:
        """Begin a watch as the token's user."""
        account = self._accounts.get(token.user_id)
        if account is None:
            account = self._accounts[token.user_id] = Account(token.user_id)
        watch = Watch(account, token)
        account.watches.add(watch)
        if account.is_loaded:
            self._judge(watch)
        return watch

    def leave(self, watch: Watch) -> None:
        """End a watch; an account without watches is dropped."""
        account = watch.account
        account.watches.discard(watch)
        self._show(watch, account.view)
        if not account.watches and self._accounts.get(account.user_id) is account:
            del self._accounts[account.user_id]

    def begin_read(self) -> Reading:
        """Return what to read: changes of the known accounts, everything of the new ones."""
        new = [account for account in self._accounts.values() if not account.is_loaded]
        wants_page = self._admin_watches > 0 and not self._everybody.is_loaded
        has_pages = self._listed_up_to is not None
        for view in [account.view for account in new] + [self._everybody] * (wants_page and not has_pages):
            view.clear()  # an earlier attempt may have left something
        scope = changes.Scope(
            known=[user_id for user_id, account in self._accounts.items() if account.is_loaded],
            new=[account.user_id for account in new],
            knows_everybody=self._everybody.is_loaded or has_pages,
            wants_page=wants_page,
            page_after=self._listed_up_to,
        )
        return Reading(scope, new, self._everybody)

    def end_read(self, reading: Reading) -> None:
        """Apply a read that is over: its changes are shown, and its new accounts are known."""
        for view, download_id, created_at, encoded in reading.changes:
            _put(view, download_id, created_at, encoded)
        for account in reading.new:
            account.is_loaded = account.view.is_loaded = True
        if reading.scope.wants_page and reading.everybody is self._everybody:
            self._listed_up_to = reading.listed_up_to
            self._everybody.is_loaded = reading.listed < changes.PAGE_ROWS
        for account in reading.new:
            self._judge_all(account)

    def forget(self) -> None:
        """Drop everything of all accounts, as before the first read."""
        self._everybody.clear()
        self._listed_up_to = None
        for account in self._accounts.values():
            account.forget()

    def apply(self, row: Row[Any], reading: Reading) -> None:
        """Apply one row of a read."""
        kind = row[KIND]
        account = self._accounts.get(row[USER_ID])
        if kind == changes.DOWNLOAD:
            self._apply_download(row, account, reading)
        elif kind == changes.LISTED:
            self._apply_download(row, account, reading)
            reading.listed += 1
            key = (row[CREATED_AT], row[ID])
            reading.listed_up_to = key if reading.listed_up_to is None else max(reading.listed_up_to, key)
        elif kind == changes.DELETION:
            reading.changes.append((self._everybody, row[ID], "", None))
            if account is not None:
                reading.changes.append((account.view, row[ID], "", None))
                if row[ID] == account.user_id:
                    account.state = None
                    self._judge_all(account)
        elif account is not None:
            if kind == changes.USER:
                account.state, account.valid_from = row[STATUS], changes.as_time(row[CREATED_AT])
            else:
                account.revoked.add(row[CURRENT_FILE])
            self._judge_all(account)

    def _apply_download(self, row: Row[Any], account: Account | None, reading: Reading) -> None:
        encoded = self._encode(row[1:]) if row[STATUS] in ("pending", "downloading") else None
        if account is not None:
            _change(account.view, row, encoded, reading)
        if self._admin_watches:
            _change(self._everybody, row, encoded, reading)

    def _judge_all(self, account: Account) -> None:
        if account.is_loaded:
            for watch in account.watches:
                self._judge(watch)

    def _judge(self, watch: Watch) -> None:
        """Decide again which view a token may see, and whether it is refused."""
        account, token = watch.account, watch.token
        if watch.verdict is None:
            watch.verdict = refusal_of(token, account.state, account.valid_from, account.revoked)
            if watch.verdict is not None:
                watch.on_verdict()
        if watch.verdict is not None:
            self._show(watch, self._nothing)
        else:
            self._show(watch, self._everybody if sees_everything(account.state, token) else account.view)

    def _show(self, watch: Watch, view: View) -> None:
        if view is watch.view:
            return
        self._admin_watches += (view is self._everybody) - (watch.view is self._everybody)
        watch.view = view
        watch.on_show()
        if not self._admin_watches:
            self._everybody = View()  # not the same: a read that is under way must not fill it
            self._listed_up_to = None


def _change(view: View, row: Row[Any], encoded: bytes | None, reading: Reading) -> None:
    if view.is_loaded:
        reading.changes.append((view, row[ID], row[CREATED_AT], encoded))
    else:  # nobody is shown it yet
        _put(view, row[ID], row[CREATED_AT], encoded)


def _put(view: View, download_id: str, created_at: str, encoded: bytes | None) -> None:
    if encoded is None:
        view.remove(download_id)
    else:
        view.put(download_id, created_at, encoded)
