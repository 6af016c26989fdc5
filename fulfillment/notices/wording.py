"""What a notice says: made when it is read, in the reader's language, from its kind, its codes and what it is about.

What it is about may have been erased or be gone since: its name is then left out, and the sentence says less (F8).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from fulfillment.models import Notice
from fulfillment.notices.eligible import connection_url
from fulfillment.rules.notices import Kind
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from linking.models import Link
from linking.words import watched_on
from portal.tombstones import is_tombstone


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one kind of notice. ``status`` is its kind in a few words, ``status_kind`` see ``status.html``."""

    title: str
    text: str
    status: str
    status_kind: str
    url: str
    label: str
    dates: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """One notice as pages and e-mails show it."""

    id: int
    said: Said
    source: str
    when: datetime
    zone: str
    unread: bool


def shown(notice: Notice, *, own_claims: Collection[str]) -> ShownNotice:
    """Return a notice in its reader's words. ``own_claims`` are the claims whose pages the reader may open now.

    The notice comes with all it is about, see :func:`fulfillment.notices.reading.with_all`.
    """
    campaign = notice.campaign
    parts = [notice.game.name if notice.game else "", campaign.name if campaign else ""]
    if campaign is not None and campaign.test_mode:
        parts.append(_("Test"))
    return ShownNotice(
        id=notice.pk,
        said=_SAY[Kind(notice.kind)](notice, own_claims),
        source=" · ".join(filter(None, parts)),
        when=notice.created_at,
        zone=campaign.time_zone if campaign else "UTC",
        unread=notice.read_at is None,
    )


def _linked(notice: Notice, own_claims: Collection[str]) -> Said:
    names = _accounts(notice)
    if names is None:
        text = _("A platform account was linked to your game account.")
    else:
        text = (
            _("Rewards of your %(platform)s account %(viewer)s now go to the game account %(player)s by themselves.")
            % names
        )
    return Said(
        title=_("Your accounts are linked"),
        text=f"{text} {_('If this was not you, unlink it under Connections and change your passwords.')}",
        status=_("Linked"),
        status_kind="ok",
        url=reverse("connections"),
        label=_("See your connections"),
    )


def _unlinked(notice: Notice, own_claims: Collection[str]) -> Said:
    names = _accounts(notice)
    if names is None:
        what = _("A platform account was unlinked from your game account.")
    else:
        what = _("Your %(platform)s account %(viewer)s was unlinked from the game account %(player)s.") % names
    why = {
        Link.EndReason.STAFF.value: _("The people behind the game did this on request."),
        Link.EndReason.REVOKED.value: _("The platform says that you took back your consent there."),
    }.get(notice.link.end_reason if notice.link else "", "")
    after = _("Nothing that you received is lost. What you claim from now on waits until you link again.")
    return Said(
        title=_("Your accounts are no longer linked"),
        text=" ".join(filter(None, [what, why, after])),
        status=_("Unlinked"),
        status_kind="waiting",
        url=_connect_url(notice),
        label=_("Link again"),
    )


def _lapsed(notice: Notice, own_claims: Collection[str]) -> Said:
    names = _accounts(notice)
    if names is None:
        what = _("When we asked a platform, your consent was no longer on its list.")
    else:
        what = (
            _("When we asked %(platform)s, the consent of your account %(viewer)s was no longer on its list.") % names
        )
    after = _(
        "Rewards keep coming for now. If it is still missing when we ask again, an hour later or more, the link ends: nothing "
        "is lost by that, but what you claim then waits. Connect again, and all stays as it is."
    )
    return Said(
        title=_("Connect %(platform)s again") % names if names else _("Connect your account again"),
        text=f"{what} {after}",
        status=_("Authorization lapsed"),
        status_kind="attention",
        url=reverse("connections"),
        label=_("See your connections"),
    )


def _earned(notice: Notice, own_claims: Collection[str]) -> Said:
    return Said(
        title=_("You earned %(reward)s") % {"reward": _reward(notice)},
        text=_("You have done what it takes. It is yours once you claim it in your inventory."),
        status=_("Earned"),
        status_kind="ok",
        url=reverse("inventory"),
        label=_("Claim it in your inventory"),
        dates=_claim_until(notice),
    )


def _expiring(notice: Notice, own_claims: Collection[str]) -> Said:
    return Said(
        title=_("%(reward)s can soon no longer be claimed") % {"reward": _reward(notice)},
        text=_(
            "You earned it, but you have not claimed it yet. Claim it in your inventory in time; "
            "if your game account is not linked yet, the page says how."
        ),
        status=_("About to expire"),
        status_kind="attention",
        url=reverse("inventory"),
        label=_("Claim it in your inventory"),
        dates=_claim_until(notice),
    )


def _on_its_way(notice: Notice, own_claims: Collection[str]) -> Said:
    title = _("%(reward)s is on its way") % {"reward": _reward(notice)}
    return _of_claim(notice, own_claims, title=title, status=_("On its way"), kind="progress")


def _delivered(notice: Notice, own_claims: Collection[str]) -> Said:
    title = _("%(reward)s was delivered") % {"reward": _reward(notice)}
    return _of_claim(notice, own_claims, title=title, status=_("Delivered"), kind="ok")


def _attention(notice: Notice, own_claims: Collection[str]) -> Said:
    state = _state(notice)
    title, status, kind = {
        State.WAITING: (_("%(reward)s waits for your link"), _("Link needed"), "attention"),
        State.FAILED: (_("%(reward)s could not be delivered yet"), _("Not delivered yet"), "attention"),
        State.ABANDONED: (_("Your claim of %(reward)s was closed"), _("Closed"), "neutral"),
    }.get(state, (_("%(reward)s is on hold"), _("On hold"), "waiting"))
    said = _of_claim(notice, own_claims, title=title % {"reward": _reward(notice)}, status=status, kind=kind)
    if state is not State.WAITING:
        return said
    text = said.text
    if "reminder" in notice.parameters:
        text += " " + _("The campaign closes soon. What you have claimed is kept beyond that, too.")
    return Said(said.title, text, status, kind, url=_connect_url(notice), label=_("Link your game account"))


def _eligible(notice: Notice, own_claims: Collection[str]) -> Said:
    name = notice.campaign.name if notice.campaign else ""
    return Said(
        title=_("You can take part in %(campaign)s") % {"campaign": name} if name else _("You can take part"),
        text=_("You hid this from the other pages. Link your accounts to take part."),
        status=_("For you"),
        status_kind="neutral",
        url=connection_url(notice.campaign) if notice.campaign else reverse("home"),
        label=_("Link your accounts"),
        dates=[{"label": _("Earn until"), "when": notice.campaign.ends_at}] if notice.campaign else [],
    )


_SAY: dict[Kind, Callable[[Notice, Collection[str]], Said]] = {
    Kind.LINKED: _linked,
    Kind.UNLINKED: _unlinked,
    Kind.LAPSED: _lapsed,
    Kind.EARNED: _earned,
    Kind.ON_ITS_WAY: _on_its_way,
    Kind.DELIVERED: _delivered,
    Kind.ATTENTION: _attention,
    Kind.EXPIRING: _expiring,
    Kind.ELIGIBLE: _eligible,
}


def _of_claim(notice: Notice, own_claims: Collection[str], *, title: str, status: str, kind: str) -> Said:
    """Say about a claim what the table of reasons says to its viewer (F4)."""
    game, claim = notice.game, notice.claim
    reason = reason_of(_state(notice), notice.parameters.get("reason", ""))
    what, following = reason.for_viewer(
        platform=watched_on(claim.platform) if claim else _("the platform"),
        game=game.name if game else _("the game"),
        where=(game.where_rewards_arrive if game else "") or _("Look for it in the game."),
    )
    mine = claim is not None and claim.pk in own_claims
    return Said(
        title=title,
        text=f"{what} {following}",
        status=status,
        status_kind=kind,
        url=reverse("claim", args=[claim.pk]) if claim is not None and mine else reverse("inventory"),
        label=_("Details") if mine else _("See your rewards"),
    )


def _state(notice: Notice) -> State:
    default = {Kind.ON_ITS_WAY: State.READY, Kind.DELIVERED: State.DELIVERED}.get(Kind(notice.kind), State.HELD)
    try:
        return State(notice.parameters.get("state", default))
    except ValueError:
        return default


def _reward(notice: Notice) -> str:
    """Return what the reader calls the reward."""
    if notice.campaign_reward is not None:
        return notice.campaign_reward.reward.name
    if notice.claim is not None and notice.claim.reward is not None:
        return notice.claim.reward.name
    return _("your reward")


def _accounts(notice: Notice) -> dict[str, str] | None:
    """Return the names of the two linked accounts, or None where one of them was erased."""
    link = notice.link
    if link is None or is_tombstone(link.viewer.platform_user_id) or is_tombstone(link.player.player_id):
        return None
    return {"platform": watched_on(link.platform), "viewer": str(link.viewer), "player": str(link.player)}


def _claim_until(notice: Notice) -> list[dict[str, Any]]:
    if notice.campaign is None or notice.campaign.closes_at is None:
        return []
    return [{"label": _("Claim until"), "when": notice.campaign.closes_at}]


def _connect_url(notice: Notice) -> str:
    game = notice.game
    return reverse("connect_game", args=[game.organization.slug, game.slug]) if game else reverse("home")
