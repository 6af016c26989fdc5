"""Links as a file: whose game account is, or was, which platform account."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from campaigns.models import Game
from fulfillment.exports.asked import Asked, Filter, Kind
from linking.models import Link
from portal.exports import Column, Row, keyset_rows
from portal.reach import in_games

ACTIVE, ENDED = "active", "ended"

COLUMNS = (
    Column("link_id", _("The link's id in this portal.")),
    Column("game", _("The game's name.")),
    Column("platform", _("The platform of the viewer: twitch, kick …")),
    Column("viewer_id", _("The viewer's id in this portal; tells nothing of who it is.")),
    Column("platform_user_id", _("The user's id on the platform."), personal=True),
    Column("login", _("The user's login there, as last seen."), personal=True),
    Column("name", _("The user's name there, as last seen."), personal=True),
    Column("player_id", _("The game account's id in the game."), personal=True),
    Column("player_name", _("The game account's name."), personal=True),
    Column("state", _("Whether the link stands: active or ended.")),
    Column("linked_at", _("When it was made.")),
    Column("ended_at", _("When it ended; empty while it stands.")),
    Column("end_reason", _("What ended it: viewer, staff, revoked, erased.")),
)


def link_rows(asked: Asked) -> Iterator[Row]:
    """Yield the links in the order of :data:`COLUMNS`: game by game, the newest first."""
    games = in_games(Game.objects.filter(organization=asked.organization), asked.games)
    if asked.game is not None:
        games = games.filter(pk=asked.game.pk)
    for game in games.order_by("name", "pk"):
        links = Link.objects.filter(game=game).select_related("viewer", "player")
        if asked.since is not None:
            links = links.filter(started_at__gte=asked.since)
        if asked.until is not None:
            links = links.filter(started_at__lt=asked.until)
        if asked.state:
            links = links.filter(ended_at__isnull=asked.state == ACTIVE)
        for link in keyset_rows(links, by="started_at", newest_first=True):
            yield (
                link.pk,
                game.name,
                link.platform,
                link.viewer_id,
                link.viewer.platform_user_id,
                link.viewer.login,
                link.viewer.name,
                link.player.player_id,
                link.player.name,
                ENDED if link.ended_at else ACTIVE,
                link.started_at,
                link.ended_at,
                link.end_reason,
            )


LINKS = Kind(
    key="links",
    title=_("Links"),
    about=_("One row for each link between a platform account and a game account, ended ones too."),
    columns=COLUMNS,
    filters=(Filter.GAME, Filter.STATE, Filter.SINCE, Filter.UNTIL),
    rows=link_rows,
    spans=_("When the link was made."),
    states=[(ACTIVE, _("active")), (ENDED, _("ended"))],
)
