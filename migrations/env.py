"""Alembic's environment: one transaction over a connection that `ember_base.migrate` hands in."""

from alembic import context

from ember_base.migrate import grant_reader, lock
from ember_base.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run `emberwatch migrate`: it opens the database of EMBERWATCH_DATABASE_URL")

context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    lock(connection)
    context.run_migrations()
    grant_reader(connection)
