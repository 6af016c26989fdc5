"""What a person is told of their links: each active one as a card, and why one ended that they did not end themselves."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from linking.authorizing.shown import card_facts
from linking.models import Link, Player
from linking.scopes import Lacking
from portal import platforms


def link_card(link: Link, lacking: Lacking | None) -> dict[str, Any]:
    """Return one active link as a card; what it lacks, :func:`linking.scopes.lacking_consent` tells for many at once."""
    platform = platforms.get(link.platform)
    return {
        "name": str(link.viewer),
        "id": link.viewer.platform_user_id,
        "platform_name": platform.name,
        "state_kind": "attention" if lacking else "ok",
        "state_label": _label(lacking),
        "since": link.started_at,
        **card_facts(link),
        "note": _note(lacking) % {"platform": platform.name, "player": link.player},
        "heading_id": f"account-{link.pk}",
        "actions": _actions(link, lacking),
    }


def _actions(link: Link, lacking: Lacking | None) -> list[dict[str, Any]]:
    unlink = {
        "label": _("Unlink"),
        "hint": f"{platforms.get(link.platform).name} {link.viewer}",
        "url": reverse("unlink", args=[link.pk]),
        "kind": "quiet",
    }
    if not lacking:
        return [unlink]
    slugs = [link.game.organization.slug, link.game.slug]
    again = {
        "label": _("Connect again"),
        "url": reverse("start_platform", args=[*slugs, link.platform]),
        "method": "post",
        "kind": "primary",
    }
    return [again, unlink]


def _label(lacking: Lacking | None) -> str:
    return {
        None: _("Connected"),
        Lacking.PERMISSION: _("More consent needed"),
        Lacking.AUTHORIZATION: _("Consent needed again"),
        Lacking.LAPSED: _("Authorization lapsed"),
    }[lacking]


def _note(lacking: Lacking | None) -> str:
    return {
        None: _("Rewards from %(platform)s go to the game account %(player)s."),
        Lacking.PERMISSION: _("The game now needs a permission that you have not given yet. Connect again to give it."),
        Lacking.AUTHORIZATION: _(
            "%(platform)s tells us no longer what you watch, so new watch time does not count at the moment. Connect "
            "again to change that. What you have watched and earned so far stays yours."
        ),
        Lacking.LAPSED: _(
            "When we last asked %(platform)s, your consent was no longer on its list. Rewards keep coming for now. If it is "
            "still missing when we ask again, this link ends: nothing is lost by that, but what you claim then waits until "
            "you connect again. Connect again now, and all stays as it is."
        ),
    }[lacking]


def revoked_lately(player: Player) -> dict[str, Link]:
    """Return, by platform, a player's last link there, if it ended because the platform says that consent ended. One query."""
    links = Link.objects.filter(player=player).select_related("viewer").order_by("started_at", "pk")
    last = {link.platform: link for link in links}
    return {key: link for key, link in last.items() if link.end_reason == Link.EndReason.REVOKED}


def revoked_sentence(link: Link) -> str:
    """Return why a link ended that way, what it means, and what to do."""
    return _(
        "Your %(platform)s account %(viewer)s is linked no more: %(platform)s says that your consent there has ended. Nothing "
        "that you received is lost, and what you claim there now waits until you connect again."
    ) % {"platform": platforms.get(link.platform).name, "viewer": link.viewer}
