"""The repository that docs/deploy.md clones: the project as it stands here, and a newer version of it."""

import re
import subprocess
from pathlib import Path

from tests.support.checkout import copy_project

SOURCE = "/srv/downloads_app.git"
COPIED = {
    "downloads-app": "/usr/local/bin/downloads-app",
    "downloads-web.service": "/etc/systemd/system/downloads-web.service",
    "downloads-worker.service": "/etc/systemd/system/downloads-worker.service",
    "nginx.conf": "/etc/nginx/conf.d/downloads.conf",
    "nginx-main.conf": "/etc/nginx/modules-enabled/90-downloads.conf",
    "logrotate": "/etc/logrotate.d/downloads-app",
}
MIGRATION = '''"""One more table."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{newest}", None, None


def upgrade():
    op.create_table("newcomers", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("newcomers")
'''


def publish_source(folder: Path) -> None:
    """Make a repository of the project as it stands here, also of what is not committed."""
    copy_project(folder)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    commit(folder, "All")


def commit(folder: Path, message: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "--quiet", "--message", message], cwd=folder, check=True)


def publish_new_version(source: Path) -> None:
    """It calls itself 99.0, has one more migration, and changes each file that the page has copied."""
    package = source / "downloads_app/__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', '__version__ = "99.0"', package.read_text()))
    migrations = source / "migrations/versions"
    newest = max(path.name.partition("_")[0] for path in migrations.glob("[0-9]*.py"))
    (migrations / "9999_new.py").write_text(MIGRATION.format(newest=newest))
    for name in COPIED:
        with (source / "deploy" / name).open("a") as file:
            file.write("# 99.0\n")
    commit(source, "A new version")
