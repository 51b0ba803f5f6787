"""What a download would fetch, in sentences: `plan` prints them, and `add` before it asks."""

from dataclasses import dataclass

from downloads_app.cli.patience import ending_at_ctrl_c
from downloads_app.cli.printing import format_bytes, format_count
from downloads_app.config import current_settings
from downloads_app.models import Provider, User
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import plans
from downloads_app.services.downloads.patterns import check_patterns
from downloads_app.services.downloads.plans import Plan, PlannedFile
from downloads_app.services.providers import catalog


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan, and why it has no files if it has none."""

    plan: Plan
    why_nothing: str

    def summarize(self) -> str:
        """Return in a line how much it is and how much room there is."""
        plan = self.plan
        here = f", of which {format_bytes(plan.here_bytes)} are here" if plan.here_bytes else ""
        quota = "" if plan.quota_left_bytes is None else f", quota left {format_bytes(plan.quota_left_bytes)}"
        size = "of unknown size" if plan.total_bytes is None else format_bytes(plan.total_bytes)
        files = f"{format_count(len(plan.files), 'file')}, {size}{here}"
        return f"{files}; free {format_bytes(plan.free_bytes)}{quota}"

    def say_here(self, file: PlannedFile) -> str:
        """Return whether a file is here, or a part of it: what the sum counts as here."""
        return "yes" if file.is_here else "part" if file.path in self.plan.begun else ""

    def find_faults(self) -> list[str]:
        """Return why it would not come, as far as one can tell now."""
        plan = self.plan
        if not plan.files:
            return [self.why_nothing[0].upper() + self.why_nothing[1:]]
        needed = (plan.total_bytes or 0) - plan.here_bytes
        comes, faults = f"{format_bytes(needed)} would come", []
        if needed > plan.free_bytes:
            faults.append(f"It does not fit: {comes}, {format_bytes(plan.free_bytes)} are free")
        if plan.quota_left_bytes is not None and needed > plan.quota_left_bytes:
            faults.append(f"It is over the quota: {comes}, {format_bytes(plan.quota_left_bytes)} are left")
        return faults


def preview(
    owner: User | None,
    source: Provider,
    repository: str,
    *,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> Preview:
    """Ask a provider what a download of `owner` would fetch; None: of nobody yet.

    Raises InvalidInput, or SourceError where the provider fails.
    """
    wanted = check_patterns(include, exclude)
    kind, access = source.kind, catalog.access_of(current_settings(), source)
    give_connection_back()  # no connection is held while the network takes its time
    with ending_at_ctrl_c():
        listing = plans.list_remote(kind, access, repository, revision, wanted)
    plan = plans.make_plan(current_settings(), owner, source, repository, listing, revision=revision)
    return Preview(plan, plans.explain_nothing(listing, wanted))
