"""What a transfer tells whoever runs it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the transfer is. `current_bytes` are on the disk, those of finished files included."""

    current_bytes: int
    files_completed: int
    current_file: str | None


class Stopped(Exception):
    """`should_stop` said so; `kept_bytes` stay on the disk for another run."""

    def __init__(self, kept_bytes: int) -> None:
        super().__init__(f"stopped with {kept_bytes} bytes kept")
        self.kept_bytes = kept_bytes
