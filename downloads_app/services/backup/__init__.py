"""Backups of the database: one kind of file that is restored into either database; moving from one to the other."""
