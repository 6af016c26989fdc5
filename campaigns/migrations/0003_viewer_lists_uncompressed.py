"""PostgreSQL: a heartbeat's list of viewers lives a minute, and compressing it takes longer than writing it."""

from django.db import migrations


def store_lists_as_they_are(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    deflated = (("WatchedHour", "masks"), ("OwnedHour", "masks"), ("WatchedTotal", "minutes"))
    for name, column in (("HeartbeatViewers", "ids"), *deflated):
        table = apps.get_model("campaigns", name)._meta.db_table
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_watch_time")]
    operations = [migrations.RunPython(store_lists_as_they_are, migrations.RunPython.noop)]
