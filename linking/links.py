"""Making and ending links (L5-L8): who may be bound to whom, held by the database's constraints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game, Viewer
from campaigns.registering.tokens import ViewerToken
from campaigns.registering.wanting import unwant_identifiers, want_identifiers
from linking.authorizing.watching import unwatch, watch
from linking.hooks import call_link_changed
from linking.models import Link, Player
from portal import audit, platforms
from portal.models import User
from portal.sentences import Sentence

VIEWER_TAKEN = "viewer_taken"
PLAYER_TAKEN = "player_taken"
COOL_DOWN = "cool_down"


class LinkRefused(Exception):
    """A link is not made. ``sentence`` says why, ``way_out`` what can be done, ``until`` when it could be."""

    def __init__(self, code: str, sentence: Sentence, way_out: Sentence, *, until: datetime | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.way_out = way_out
        self.until = until


def make_link(
    *,
    game: Game,
    viewer: Viewer,
    player: Player,
    scopes: Iterable[str],
    now: datetime,
    token: ViewerToken | None = None,
    actor: User | None = None,
) -> Link:
    """Bind ``viewer`` to ``player`` for ``game`` and return the link; the same link twice is one link.

    Raises ``LinkRefused`` where one of the two is bound to somebody else or the game's cool-down is not over (L6):
    nothing is ended silently. Raises ``ValueError`` for rows that do not belong together. ``token`` is the viewer's, and
    is kept only where the game needs the viewer registered with the platform (L9). ``actor`` is by default the person
    the player belongs to.
    """
    if viewer.organization_id != game.organization_id or player.game_id != game.pk:
        raise ValueError("Viewer and player must belong to the game.")
    with transaction.atomic():
        standing = refuse_or_find(game=game, viewer=viewer, player=player, now=now)
        if standing is not None and add_consent(link=standing, scopes=scopes, token=token, now=now):
            return standing
        try:
            with transaction.atomic():
                link = Link.objects.create(
                    game=game,
                    viewer=viewer,
                    player=player,
                    platform=viewer.platform,
                    scopes=" ".join(scopes),
                    started_at=now,
                )
        except IntegrityError:
            # Somebody was quicker: what the constraint refused is now there to be read.
            standing = refuse_or_find(game=game, viewer=viewer, player=player, now=now)
            if standing is None or not add_consent(link=standing, scopes=scopes, token=token, now=now):
                raise
            return standing
        Viewer.objects.filter(pk=viewer.pk).update(user=player.user_id)
        audit.record(
            actor=actor or player.user,
            action="linked",
            obj=link,
            organization=game.organization,
            after=audit.snapshot(link),
            now=now,
        )
        want_identifiers(game_id=game.pk, viewer=viewer, token=token, now=now)
        watch(viewer=viewer, now=now)
        call_link_changed(link, now)
    return link


def end_link(*, link: Link, reason: str, now: datetime, actor: User | None = None) -> Link:
    """End ``link`` for ``reason`` (one of ``Link.EndReason``) and return it; one that has ended stays as it is (L5, L8)."""
    reason = Link.EndReason(reason).value
    with transaction.atomic():
        before = audit.snapshot(link)
        ended = Link.objects.filter(pk=link.pk, ended_at=None).update(
            ended_at=max(now, link.started_at), end_reason=reason
        )
        link.refresh_from_db(fields=["ended_at", "end_reason"])
        if not ended:
            return link
        # Whose it is now: whoever has linked it with another of the organization's games, the latest of them.
        others = Link.objects.filter(viewer_id=link.viewer_id, ended_at=None).order_by("-started_at", "-pk")
        users = others.values_list("player__user", flat=True)[:1]
        Viewer.objects.filter(pk=link.viewer_id).update(user=users[0] if users else None)
        if not users:
            unwant_identifiers(viewer_ids=[link.viewer_id], now=now)
            unwatch([link.viewer_id])
        audit.record(
            actor=actor,
            action="unlinked",
            obj=link,
            organization=link.game.organization,
            before=before,
            after=audit.snapshot(link),
            reason=str(link.get_end_reason_display()),
            now=now,
        )
        call_link_changed(link, now)
    return link


def add_consent(*, link: Link, scopes: Iterable[str], token: ViewerToken | None, now: datetime) -> bool:
    """Note that a viewer has consented again, and to what besides what the link knew already; return whether it still stands.

    The token is kept if it is needed (L3, L9). A link that has ended meanwhile stays ended.
    """
    with transaction.atomic():
        standing = Link.objects.select_for_update(of=("self",)).filter(pk=link.pk, ended_at=None).first()
        if standing is None:
            return False
        known = standing.scopes.split()
        link.scopes = " ".join([*known, *(scope for scope in scopes if scope not in known)])
        if link.scopes != standing.scopes:
            Link.objects.filter(pk=link.pk).update(scopes=link.scopes)
        want_identifiers(game_id=link.game_id, viewer=link.viewer, token=token, now=now)
        watch(viewer=link.viewer, now=now)
    return True


def refuse_or_find(*, game: Game, viewer: Viewer, player: Player, now: datetime) -> Link | None:
    """Return the active link of exactly these two, or None where one could be made now. Raises ``LinkRefused``."""
    # One query: between two, another request could make this very link, and it would look like somebody else's.
    theirs = Q(viewer=viewer) | Q(player_id=player.pk, platform=viewer.platform)
    active = Link.objects.filter(theirs, game=game, ended_at=None).select_related("player", "viewer")
    links = sorted(active, key=lambda link: link.viewer_id != viewer.pk)  # the viewer's own first
    if links and links[0].viewer_id == viewer.pk:
        if links[0].player_id == player.pk:
            return links[0]
        raise _viewer_taken(viewer, links[0], player)
    if links:
        raise _player_taken(viewer, links[0])
    _refuse_in_cool_down(game=game, viewer=viewer, player=player, now=now)
    return None


def active_links(user: User) -> QuerySet[Link]:
    """Return the links of a person's game accounts, newest first, with all that a page shows of them."""
    return links_of(user).filter(ended_at=None).select_related("viewer__authorization")


def accounts_of_members(organization_id: str) -> list[tuple[str, str, str]]:
    """Return the platform accounts that an organization's members have linked: platform, user id, name (C8)."""
    links = Link.objects.filter(
        ended_at=None, game__organization=organization_id, player__user__memberships__organization=organization_id
    )
    rows = links.select_related("viewer").order_by("pk")
    return [(link.platform, link.viewer.platform_user_id, str(link.viewer)) for link in rows]


def links_of(user: User) -> QuerySet[Link]:
    """Return the links of a person's game accounts, ended ones too, newest first."""
    return (
        Link.objects.filter(player__user=user)
        .select_related("game__organization", "viewer", "player")
        .order_by("-started_at", "-pk")
    )


def _refuse_in_cool_down(*, game: Game, viewer: Viewer, player: Player, now: datetime) -> None:
    last = Link.objects.filter(game=game, viewer=viewer).exclude(ended_at=None).order_by("-ended_at").first()
    if last is None or last.ended_at is None or last.player_id == player.pk:
        return
    until = last.ended_at + timedelta(hours=game.relink_cool_down_hours)
    if until <= now:
        return
    raise LinkRefused(
        COOL_DOWN,
        Sentence(
            _(
                "The %(platform)s account %(viewer)s was unlinked from another game account of %(game)s not long ago. "
                "This game lets it be linked to a different one only after %(hours)s hours."
            ),
            {**_names(viewer), "game": game.name, "hours": game.relink_cool_down_hours},
        ),
        Sentence(
            _("Come back then: nothing is lost, rewards wait. To the earlier game account it can be linked at once.")
        ),
        until=until,
    )


def _viewer_taken(viewer: Viewer, link: Link, player: Player) -> LinkRefused:
    names = _names(viewer)
    if player.user_id is not None and link.player.user_id == player.user_id:
        way_out = Sentence(
            _("Open Connections, unlink it from %(player)s, then connect again here."), {"player": str(link.player)}
        )
    else:
        way_out = Sentence(
            _(
                "Sign in here with the other game account, open Connections and unlink it there, then come back. "
                "Or choose another %(platform)s account. If the other game account is not yours, ask the studio for help."
            ),
            names,
        )
    return LinkRefused(
        VIEWER_TAKEN,
        Sentence(
            _("The %(platform)s account %(viewer)s is linked to another game account already, since %(since)s."),
            {**names, "since": f"{link.started_at:%Y-%m-%d}"},
        ),
        way_out,
    )


def _player_taken(viewer: Viewer, link: Link) -> LinkRefused:
    names = {**_names(viewer), "other": str(link.viewer), "player": str(link.player)}
    return LinkRefused(
        PLAYER_TAKEN,
        Sentence(_("The game account %(player)s is linked to another %(platform)s account already: %(other)s."), names),
        Sentence(
            _(
                "A game account has one %(platform)s account at a time. To change to %(viewer)s, unlink %(other)s under "
                "Connections first, then connect again here."
            ),
            names,
        ),
    )


def _names(viewer: Viewer) -> dict[str, Any]:
    return {"platform": platforms.get(viewer.platform).name, "viewer": str(viewer)}
