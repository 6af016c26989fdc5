"""Everything that is described, in the order in which it is read (A4)."""

from __future__ import annotations

from fulfillment.api.docs import game_state, kick, kick_tokens, tokens, twitch, twitch_analytics, twitch_tokens
from fulfillment.api.docs.describing import Operation, Schema

_PARTS = (twitch, twitch_analytics, kick, game_state, twitch_tokens, kick_tokens)

OPERATIONS: list[Operation] = [operation for part in _PARTS for operation in part.OPERATIONS]
SCHEMAS: dict[str, Schema] = {name: schema for part in (*_PARTS, tokens) for name, schema in part.SCHEMAS.items()}
TAGS = [(part.TAG, part.TEXT) for part in _PARTS]
