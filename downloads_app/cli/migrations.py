"""The group `db` of Flask-Migrate. It reports errors as our commands do."""

from flask_migrate.cli import db as group

from downloads_app.cli.groups import adopt

adopt(group)
