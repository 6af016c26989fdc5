"""A game server's line, whose frames are counted: nobody keeps the gateway busy with pings, or with a message in crumbs (G1).

What the library does with a frame it does at once, before anybody else's turn, pings are answered whether the answers are
read or not, and none of that is a message that would count against a limit.
"""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame
from websockets.protocol import Event

from campaigns.rules.game_state.codes import FRAMES_PER_MINUTE, Close

_PIECE = 16_384
"""So many bytes are looked at between two looks at the count."""

_MINUTE = 60.0


class Line(ServerConnection):
    """Closed with 4003 as soon as more frames come in a minute than the messages of a minute can need."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames = 0
        self._counted_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take what has come, piece by piece; what comes after too many frames is dropped unread."""
        if self.loop.time() - self._counted_since >= _MINUTE:
            self._frames, self._counted_since = 0, self.loop.time()
        for start in range(0, len(data), _PIECE):
            super().data_received(data[start : start + _PIECE])
            if self._frames > FRAMES_PER_MINUTE:
                self._refuse()
                return

    def process_event(self, event: Event) -> None:
        """Count a frame, and have it dealt with."""
        self._frames += isinstance(event, Frame)
        super().process_event(event)

    def _refuse(self) -> None:
        """Close the line, of which nothing more is read; cut it off where the game server does not close it too."""
        self.protocol.fail(Close.RATE, f"over {FRAMES_PER_MINUTE} frames in a minute")
        self.send_data()
        self.transport.pause_reading()
        self.loop.call_later(self.close_timeout or 0, self.transport.abort)
