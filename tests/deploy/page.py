"""docs/deploy.md, as a reader types it: a block of commands for each heading."""

import re

from tests.deploy.versions import SOURCE
from tests.support.server import PROJECT

TEXT = (PROJECT / "docs/deploy.md").read_text()
BEGINNING = "From an empty Debian 12 to a running site"
NAME = "downloads.example.org"


def read_blocks(text: str = TEXT) -> dict[str, str]:
    """Return the commands below each heading that has some, in their order."""
    parts = re.split(r"^#+ (.*)\n", text, flags=re.MULTILINE)[1:]
    found = {}
    for heading, section in zip(parts[::2], parts[1::2], strict=True):
        commands = re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        if commands:
            found[heading] = "".join(commands)
    return found


BLOCKS = read_blocks()
COMMANDS = "".join(BLOCKS.values())


def type_in(heading: str) -> str:
    """Return a block of the page, in the shell that has typed those before."""
    named = BLOCKS[BEGINNING]
    assert named.count("SOURCE=") == 1
    set_before = re.sub(r"^SOURCE=.*$", f"SOURCE={SOURCE}", named, flags=re.MULTILINE)
    return f"{set_before}\ncd /opt/downloads-app 2>/dev/null || cd\n{BLOCKS[heading]}"
