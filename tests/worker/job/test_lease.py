"""How long a worker may write, by its own clock."""

from downloads_app.worker.job.lease import Lease


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_lease_ends_before_the_database_gives_the_download_away() -> None:
    clock = Clock()
    lease = Lease(30, asked_at=100.0, clock=clock)
    clock.now = 126.9
    assert lease.may_write
    clock.now = 127.1
    assert not lease.may_write
    assert lease.is_over


def test_a_renewal_counts_from_when_it_was_asked_for() -> None:
    clock = Clock()
    lease = Lease(30, asked_at=100.0, clock=clock)
    lease.renew(asked_at=110.0)
    clock.now = 136.9
    assert lease.may_write
    clock.now = 137.1
    assert not lease.may_write


def test_a_late_answer_to_an_early_renewal_does_not_shorten_it() -> None:
    clock = Clock()
    lease = Lease(30, asked_at=100.0, clock=clock)
    lease.renew(asked_at=120.0)
    lease.renew(asked_at=110.0)
    clock.now = 140.0
    assert lease.may_write


def test_a_paused_downloads_lease_stops_the_work_but_lets_it_save() -> None:
    lease = Lease(30, asked_at=100.0, clock=Clock())
    lease.end()
    assert lease.is_over
    assert lease.may_write


def test_a_forbidden_lease_cannot_be_renewed() -> None:
    lease = Lease(30, asked_at=100.0, clock=Clock())
    lease.forbid()
    lease.renew(asked_at=100.0)
    assert not lease.may_write
