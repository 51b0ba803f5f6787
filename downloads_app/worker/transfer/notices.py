"""What a transfer tells its caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a transfer. `current_bytes` are on the disk, including those of finished files."""

    current_bytes: int
    files_completed: int
    current_file: str | None
    missing_bytes: int = 0
    """What is still to come, as far as sizes are known; rounded sizes count too."""
    total_bytes: int | None = None
    """The size of all files; None while neither the listing nor the server has told that of each."""


class Stopped(Exception):
    """`should_stop` ended the transfer. `kept_bytes` stay on the disk for another run."""

    def __init__(self, kept_bytes: int) -> None:
        super().__init__(f"stopped with {kept_bytes} bytes kept")
        self.kept_bytes = kept_bytes
