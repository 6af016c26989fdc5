"""What the higher app hangs into linking, from its ``AppConfig.ready()``.

``link_changed`` is called inside the transaction that makes or ends a link, so that the viewer's waiting claims are
looked at again (L7) or those never attempted go back to waiting (L6).

``player_known`` is called inside the transaction that makes a player's row, or gives an erased player the id back: a
viewer of the studio's own player who has this id *is* this player from then on (I2).

``authorization_lapsed`` is called inside the transaction that notes that a platform did not name these links' viewers any
more (L8): once for each time that it seems to have lapsed. The links come with game, viewer and player, and still stand.

``renamed`` is called inside the transaction in which a viewer or player gets other names, with those they had and have no
more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from campaigns.models import Viewer
from linking.models import Link, Player

link_changed: list[Callable[[Link, datetime], None]] = []
player_known: list[Callable[[Player], None]] = []
authorization_lapsed: list[Callable[[Sequence[Link], datetime], None]] = []
renamed: list[Callable[[Viewer | Player, Sequence[str], datetime], None]] = []


def call_link_changed(link: Link, now: datetime) -> None:
    """Tell whoever keeps claims that this link was made or has ended."""
    for hook in link_changed:
        hook(link, now)


def call_player_known(player: Player) -> None:
    """Tell whoever keeps claims that this game account is known from now on."""
    for hook in player_known:
        hook(player)


def call_authorization_lapsed(links: Sequence[Link], now: datetime) -> None:
    """Tell whoever tells viewers that these links' authorizations seem to have lapsed."""
    for hook in authorization_lapsed:
        hook(links, now)


def call_renamed(person: Viewer | Player, had: Iterable[str], now: datetime) -> None:
    """Tell whoever keeps former names which of the names that somebody ``had`` they have no more."""
    has = {person.name, person.login} if isinstance(person, Viewer) else {person.name}
    lost = [name for name in had if name and name not in has]
    if lost:
        for hook in renamed:
            hook(person, lost, now)
