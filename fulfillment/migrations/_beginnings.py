"""Indexes by which PostgreSQL finds what begins with something.

Its other indexes are sorted as people sort, which does not tell.
"""

from __future__ import annotations

from typing import Any

BEGINNINGS = (
    ("viewer_login_begins", "campaigns_viewer", "organization_id, login varchar_pattern_ops"),
    ("viewer_name_begins", "campaigns_viewer", "organization_id, name varchar_pattern_ops"),
    ("player_id_begins", "linking_player", "game_id, player_id varchar_pattern_ops"),
    ("player_name_begins", "linking_player", "game_id, name varchar_pattern_ops"),
    ("former_name_begins", "fulfillment_formername", "organization_id, name varchar_pattern_ops"),
)


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, table, columns in BEGINNINGS:
            schema_editor.execute(f"CREATE INDEX {name} ON {table} ({columns})")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, _table, _columns in BEGINNINGS:
            schema_editor.execute(f"DROP INDEX {name}")
