"""A person's claims, in a player's words: what was claimed, where it is, what happens next (F4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Game
from fulfillment.models import Claim
from fulfillment.rules.codes import BY_CODE, Code, Reason
from fulfillment.rules.reasons import REASONS, Turn, reason_of
from fulfillment.rules.states import DONE, State
from linking.models import Link, Player
from linking.viewers_of import OwnViewer
from linking.words import watched_on
from portal.fields import rendition_url
from portal.sentences import Sentence

if TYPE_CHECKING:
    from portal.models import User

PAGE_SIZE = 50

RELATED = (
    "reward",
    "campaign",
    "player",
    "game__organization",
    "assigned_reward",
    "assigned_campaign__game__organization",
)
"""What :func:`shown` reads besides a claim's own row."""


@dataclass(frozen=True)
class ShownClaim:
    """One claim as the inventory shows it: the fields that ``components/reward_card.html`` reads, and its page."""

    id: str
    name: str
    image_url: str
    image_alt: str
    source: str
    status_kind: str
    status_label: str
    what: Sentence
    next_text: str
    dates: list[dict[str, Any]]
    zone: str
    needs_viewer: bool
    help_url: str
    game_account: str
    code_url: str
    actions: list[dict[str, Any]] = field(default_factory=list)


def claims_of(user: User, own: Sequence[OwnViewer] | None = None) -> QuerySet[Claim]:
    """Return the claims of this person: of their players, and of ``own``, by default the viewers linked to them now.

    By lists of ids, which databases look up in the indexes of players and viewers; joined tables they would walk through.
    """
    theirs = Q(player__in=list(Player.objects.filter(user=user).values_list("pk", flat=True)))
    if own is None:
        linked = Link.objects.filter(player__user=user, ended_at=None)
        theirs |= Q(viewer__in=list(linked.values_list("viewer", flat=True)))
    theirs |= Q(viewer__in=[one.viewer.pk for one in own or () if one.only_games is None])
    games: dict[frozenset[str], list[str]] = {}
    for one in own or ():
        if one.only_games is not None:
            games.setdefault(one.only_games, []).append(one.viewer.pk)
    for only, viewers in games.items():
        here = Q(game__in=only) | Q(game=None, assigned_campaign__game__in=only)
        theirs |= Q(viewer__in=viewers) & here
    return Claim.objects.filter(theirs).select_related(*RELATED).defer("raw")


def shown(claim: Claim) -> ShownClaim:
    """Return a claim in a player's words."""
    state = State(claim.state)
    reason = reason_of(state, claim.reason)
    campaign, reward = claim.campaign or claim.assigned_campaign, claim.reward or claim.assigned_reward
    game = claim.game or (campaign.game if campaign else None)
    platform = _claimed_on(claim)
    what, what_next = _in_words(claim, reason, game, platform)
    kind, label = status_in_words(claim)
    link_url = reverse("connect_game", args=[game.organization.slug, game.slug]) if game else ""
    needs_viewer = reason.turn == Turn.VIEWER
    code_url = reverse("claim_code", args=[claim.pk]) if state in DONE and claim.reason in BY_CODE else ""
    details = {"label": _("Details"), "hint": reward.name if reward else "", "kind": "quiet"}
    actions = [{**details, "url": reverse("claim", args=[claim.pk])}]
    if needs_viewer and link_url:
        unknown = reason is REASONS[Code.PLAYER_UNKNOWN]
        label_of_link = _("Sign in with your game account") if unknown else _("Link your game account")
        actions.insert(0, {"label": label_of_link, "url": link_url, "kind": "primary"})
    if code_url:
        again = claim.reason == Code.CODE_REVEALED
        label_of_code = _("Show the code again") if again else _("Reveal code")
        kind_of_code = "secondary" if again else "primary"
        code = {**details, "label": label_of_code, "url": code_url, "kind": kind_of_code, "form": "claim-form"}
        actions.insert(0, code)
    return ShownClaim(
        id=claim.pk,
        name=reward.name if reward else _("A reward from %(platform)s") % {"platform": platform},
        image_url=rendition_url(reward.image) if reward else "",
        image_alt=reward.alt_text if reward else "",
        source=" · ".join(
            filter(None, [game.name if game else "", campaign.name if campaign else "", watched_on(claim.platform)])
        ),
        status_kind=kind,
        status_label=label,
        what=what,
        next_text=f"{what} {what_next}",
        dates=_dates(claim),
        zone=campaign.time_zone if campaign else "UTC",
        needs_viewer=needs_viewer,
        help_url=game.support_url if game else "",
        game_account=str(claim.player) if claim.player else "",
        code_url=code_url,
        actions=actions,
    )


def _in_words(claim: Claim, reason: Reason, game: Game | None, platform: str) -> tuple[Sentence, Sentence]:
    """Return what happened and what happens next. Who was given something by hand has claimed nothing."""
    name = game.name if game else _("the game")
    where = (game.where_rewards_arrive if game else "") or _("Look for it in the game.")
    what, what_next = reason.for_viewer(platform=platform, game=name, where=where)
    if claim.source == Claim.Source.STAFF and claim.state == State.RECEIVED:
        what = Sentence(_("The people behind %(game)s gave you this reward."), {"game": name})
    elif claim.source == Claim.Source.STAFF and claim.state == State.WAITING:
        given = _(
            "The people behind %(game)s gave you this reward, but no game account is linked to your account on %(platform)s."
        )
        what = Sentence(given, {"game": name, "platform": platform})
    return what, what_next


def _claimed_on(claim: Claim) -> str:
    """Return where the person claimed it: on this site what the portal counted, else on the platform."""
    return _("this site") if claim.source == Claim.Source.PORTAL else watched_on(claim.platform)


def status_in_words(claim: Claim) -> tuple[str, str]:
    """Return a claim's kind (see ``components/status.html``) and its state in a player's words."""
    here = claim.source == Claim.Source.PORTAL
    if claim.state in DONE and claim.reason in BY_CODE:
        return "ok", _("Code ready") if claim.reason == Code.CODE_ASSIGNED else _("Code revealed")
    return {
        State.RECEIVED: ("progress", _("Claimed") if here else _("Arrived")),
        State.WAITING: ("attention", _("Link needed")),
        State.QUARANTINED: ("waiting", _("Being looked at")),
        State.HELD: ("waiting", _("On hold")),
        State.READY: ("progress", _("On its way")),
        State.DELIVERING: ("progress", _("On its way")),
        State.DELIVERED: ("ok", _("Delivered")),
        State.CONFIRMED: ("ok", _("Delivered")),
        State.FAILED: ("attention", _("Not delivered yet")),
        State.DUPLICATE: ("neutral", _("Already yours")),
        State.ABANDONED: ("neutral", _("Closed")),
    }[State(claim.state)]


def _dates(claim: Claim) -> list[dict[str, Any]]:
    dates = [{"label": _("Claimed"), "when": claim.granted_at or claim.received_at}]
    if claim.delivered_at:
        dates.append({"label": _("Delivered"), "when": claim.delivered_at})
    elif claim.game and claim.game.usual_delivery and claim.state in {State.READY, State.DELIVERING}:
        dates.append({"label": _("Usual delivery"), "when": claim.game.usual_delivery})
    return dates
