"""The newest revision, so that opening a current database does not load Alembic."""

HEAD = "0004"
