"""What the page of a game shows: who is signed in, what is linked, which step comes next, what can be earned (L1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from campaigns.models import Game
from linking import pending
from linking.cards import link_card, revoked_lately, revoked_sentence
from linking.counting import NOBODY_YET, Counting, claim_text, claim_title, claim_way, nothing_to_connect, watch_text
from linking.models import GameSignIn, Link, Player
from linking.pending import PendingLink
from linking.players import Method, is_portal_account, player_to_be, players_of, sign_ins_of
from linking.scopes import Lacking, lacking_consent
from linking.words import joined
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms import Platform

Action = dict[str, Any]


@dataclass
class Standing:
    """Where a person stands with one game, read once for the whole page."""

    game: Game
    user: Any
    sign_ins: dict[str, GameSignIn]
    players: list[Player]
    player: Player | None
    links: dict[str, Link]
    waiting: PendingLink | None
    lacking: dict[str, Lacking] = field(default_factory=dict)
    revoked: dict[str, Link] = field(default_factory=dict)
    credentials: dict[str, PlatformCredential] = field(default_factory=dict)

    @property
    def platforms(self) -> list[Platform]:
        """The platforms that can be connected, in the registry's order."""
        return [p for p in platforms.with_sign_in() if p.key in self.credentials]

    def url(self, name: str, *args: str) -> str:
        """Return the address of one of the game's pages."""
        return reverse(name, args=[self.game.organization.slug, self.game.slug, *args])


def standing_of(request: HttpRequest, game: Game, *, now: datetime) -> Standing:
    """Return where the person of this request stands with ``game``."""
    player = player_to_be(request, game)
    links = (
        list(
            Link.objects.filter(player=player, ended_at=None).select_related(
                "viewer__authorization", "game__organization", "player"
            )
        )
        if player and player.pk
        else []
    )
    credentials = PlatformCredential.objects.filter(organization=game.organization_id, enabled=True).exclude(
        client_id=""
    )
    return Standing(
        game=game,
        user=request.user,
        sign_ins=sign_ins_of(game),
        players=players_of(request.user, game),
        player=player,
        links={link.platform: link for link in links},
        waiting=pending.find_any(request, game=game, now=now),
        lacking=lacking_consent(links),
        revoked=revoked_lately(player) if player and player.pk else {},
        credentials={c.platform: c for c in credentials},
    )


def steps(standing: Standing, counting: Counting = NOBODY_YET) -> list[dict[str, Any]]:
    """Return the five steps for ``components/steps.html``: what is done, what is next, what comes later.

    ``counting`` is who counts in the campaigns that the page is about.
    """
    proven, linked = standing.player is not None, bool(standing.links)
    first = {"title": _("Your game account"), "state": "done" if proven else "next", **_account_step(standing)}
    second = _connecting(standing, counting, proven=proven, linked=linked)
    ready = proven and (linked or counting.own_player)
    names = joined([p.name for p in standing.platforms], _("or")) or _("the platform")
    where = standing.game.where_rewards_arrive or _("They arrive in %(game)s.") % {"game": standing.game.name}
    usual = standing.game.usual_delivery
    return [
        first,
        second,
        {
            "title": _("Watch"),
            "state": "next" if ready and not standing.lacking else "later",
            "text": watch_text(counting),
        },
        {
            "title": claim_title(counting, names),
            "state": "later",
            "text": claim_text(counting),
            "actions": [*claim_way(counting), *_open_platforms(standing, counting)] if ready else [],
        },
        {
            "title": _("Receive it in %(game)s") % {"game": standing.game.name},
            "state": "later",
            "text": f"{where} {_('Usual time: %(time)s.') % {'time': usual} if usual else ''}".strip(),
            "second_label": _("See your rewards") if ready else "",
            "second_url": reverse("inventory"),
        },
    ]


def _account_step(standing: Standing) -> dict[str, Any]:
    if standing.player is not None:
        return {"text": _("Signed in as %(name)s. Rewards go to this account.") % {"name": standing.player}}
    if len(standing.players) > 1:
        return {
            "text": _("You have several game accounts. Choose the one that the rewards go to."),
            "actions": [
                {
                    "label": _("Use %(name)s") % {"name": player},
                    "url": standing.url("choose_player"),
                    "method": "post",
                    "hidden": {"player": player.pk},
                }
                for player in standing.players
            ],
        }
    text = _("Say which account of %(game)s the rewards go to.") % {"game": standing.game.name}
    if set(standing.sign_ins) == {Method.PORTAL.value}:
        text = _("Sign in to your account on this site, or create one. The rewards go to it.")
    if standing.user.is_authenticated and not is_portal_account(standing.user):
        text += " " + _("You are signed in for another game; signing in here signs you out there.")
    if set(standing.sign_ins) == {Method.LINK_TOKEN.value}:
        return {
            "state": "blocked",
            "text": _(
                "Open %(game)s and choose “Link Drops” there: the game makes a link for you that leads back here."
            )
            % {"game": standing.game.name},
        }
    return {"text": text, "actions": sign_in_actions(standing)}


def sign_in_actions(standing: Standing, *, following: str = "") -> list[Action]:
    """Return the ways to sign in to the game account, as buttons; they lead back to ``following``."""
    following = following or standing.url("connect_game")
    actions: list[Action] = []
    oidc = standing.sign_ins.get(Method.OIDC.value)
    if oidc is not None:
        label = oidc.label or _("Sign in with %(game)s") % {"game": standing.game.name}
        actions.append({"label": label, "url": standing.url("game_sign_in"), "method": "post", "kind": "primary"})
    if Method.PORTAL.value in standing.sign_ins:
        query = urlencode({"next": following})
        if standing.user.is_authenticated:  # as somebody who is nobody in this game
            actions.append(
                {
                    "label": _("Sign in with another account"),
                    "url": standing.url("switch_player"),
                    "method": "post",
                    "kind": "primary",
                }
            )
        else:
            kind = "secondary" if oidc else "primary"
            actions.append({"label": _("Sign in"), "url": f"{reverse('account_login')}?{query}", "kind": kind})
            actions.append(
                {"label": _("Create an account"), "url": f"{reverse('account_signup')}?{query}", "kind": "quiet"}
            )
    return actions


def _connecting(standing: Standing, counting: Counting, *, proven: bool, linked: bool) -> dict[str, Any]:
    if counting.own_player and not standing.platforms:
        return nothing_to_connect(proven=proven)
    step = {"title": _platform_title(standing), **_platform_step(standing, proven=proven, linked=linked)}
    if counting.own_player and not linked:
        step["text"] = f"{step['text']} {_('For the studio’s own player you need none.')}"
    return step


def _platform_title(standing: Standing) -> str:
    names = [p.name for p in standing.platforms]
    return _("Connect %(names)s") % {"names": joined(names, _("or"))} if names else _("Connect your streaming account")


def _platform_step(standing: Standing, *, proven: bool, linked: bool) -> dict[str, Any]:
    if not standing.platforms:
        return {
            "state": "blocked",
            "text": _("%(studio)s has not set up a platform here yet, so nothing can be connected. Come back later.")
            % {"studio": standing.game.organization.name},
        }
    if standing.waiting is not None and standing.waiting.viewer.platform not in standing.links:
        viewer = standing.waiting.viewer
        return {
            "state": "next" if proven else "later",
            "text": _("Your %(platform)s account %(name)s is recognized. It still has to be confirmed.")
            % {"platform": platforms.get(viewer.platform).name, "name": viewer},
            "action_label": _("Look at both accounts and confirm"),
            "action_url": standing.url("confirm_link", viewer.platform),
        }
    open_ones = [p for p in standing.platforms if p.key not in standing.links]
    again = [p for p in standing.platforms if p.key in standing.links and standing.links[p.key].pk in standing.lacking]
    if linked and again:
        return {
            "state": "next",
            "text": _("%(names)s must be connected again: a permission is missing or has ended. Nothing is lost.")
            % {"names": joined([p.name for p in again])},
            "actions": [_again_action(standing, p) for p in again],
        }
    lost = " ".join(revoked_sentence(standing.revoked[p.key]) for p in open_ones if p.key in standing.revoked)
    if linked:
        done = joined([f"{platforms.get(link.platform).name} ({link.viewer})" for link in standing.links.values()])
        return {
            "state": "done",
            "text": f"{_('Connected: %(accounts)s.') % {'accounts': done}} {lost}".strip(),
            "actions": [connect_action(standing, p, kind="quiet", also=True) for p in open_ones],
        }
    kind = "primary" if proven else "secondary"
    usual = (
        _("Connect the account you watch with. One is enough; you can add another later.")
        if len(open_ones) > 1
        else _("Connect the account you watch with.")
    )
    return {
        "state": "next" if proven else "later",
        "text": lost or usual,
        "actions": [connect_action(standing, p, kind=kind) for p in open_ones],
    }


def _again_action(standing: Standing, platform: Platform) -> Action:
    label = _("Connect %(platform)s again") % {"platform": platform.name}
    return {**connect_action(standing, platform, kind="primary"), "label": label}


def connect_action(standing: Standing, platform: Platform, *, kind: str, also: bool = False) -> Action:
    """Return the button that leads to a platform's consent page."""
    label = _("Connect %(platform)s as well") if also else _("Connect %(platform)s")
    return {
        "label": label % {"platform": platform.name},
        "url": standing.url("start_platform", platform.key),
        "method": "post",
        "kind": kind,
    }


def _open_platforms(standing: Standing, counting: Counting) -> list[Action]:
    """Return links to where platforms' own rewards are claimed; with no campaign to go by, to every linked platform."""
    counted = counting != NOBODY_YET
    linked = [
        p
        for p in standing.platforms
        if p.key in standing.links and p.web_url and (p.key in counting.by_platform or not counted)
    ]
    return [
        {"label": _("Open %(platform)s") % {"platform": p.name}, "url": p.web_url, "external": True, "kind": "quiet"}
        for p in linked
    ]


def account_cards(standing: Standing) -> list[dict[str, Any]]:
    """Return the person's accounts for ``components/account_card.html``: the game account, then each linked one."""
    cards: list[dict[str, Any]] = []
    if standing.player is not None:
        cards.append(
            {
                "name": str(standing.player),
                "id": standing.player.player_id,
                "platform_name": standing.game.name,
                "is_game": True,
                "state_kind": "ok",
                "state_label": _("Your game account"),
                "heading_id": "account-game",
                "actions": [
                    {
                        "label": _("Not you? Switch"),
                        "url": standing.url("switch_player"),
                        "method": "post",
                        "kind": "quiet",
                    }
                ],
            }
        )
    cards += [link_card(link, standing.lacking.get(link.pk)) for link in standing.links.values()]
    return cards
