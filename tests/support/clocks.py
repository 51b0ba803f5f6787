"""A wall clock that is wrong, for other processes. (Debian's libfaketime lets Python's `time.sleep` fail.)"""

import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock_ahead.c")


def clock_ahead(folder: Path, seconds: int) -> dict[str, str]:
    """Return the environment of a process whose clock is so many seconds ahead (behind, if below 0)."""
    library = folder / "clock_ahead.so"
    if not library.exists():
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_AHEAD_SECONDS": str(seconds)}
