"""What happened with a person, in words: one line for each happening of :mod:`fulfillment.people.timeline`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.words import reason_name, state_name
from fulfillment.models import Claim, ClaimEvent
from fulfillment.people.joined import ClaimKey
from fulfillment.people.timeline import Happening, Kind
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from linking.words import watched_on
from portal import platforms

_ICONS: Mapping[Kind, str] = {
    Kind.LINKED: "link",
    Kind.UNLINKED: "link_off",
    Kind.ARRIVED: "inbox",
    Kind.MOVED: "trending_flat",
    Kind.ATTEMPT: "send",
    Kind.RENAMED: "badge",
    Kind.NOTE: "sticky_note_2",
    Kind.DEED: "person",
}
_SOURCES: Mapping[str, str | Promise] = {
    Claim.Source.WEBHOOK: _("by webhook"),
    Claim.Source.SWEEP: _("found by a sweep"),
    Claim.Source.PORTAL: _("claimed on the portal"),
    Claim.Source.STAFF: _("granted by hand"),
    Claim.Source.TEST: _("simulated"),
}


@dataclass(frozen=True)
class Told:
    """One line: when, who did it (empty: nobody in particular), what, and what there is to say about it."""

    at: datetime
    icon: str
    what: str
    by: str = ""
    more: str = ""
    snippet: str = ""
    url: str = ""


def told(one: Happening) -> Told:
    """Return a happening in words."""
    words = _WORDS[one.kind](one, one.row)
    url = reverse("admin:fulfillment_claim_change", args=[one.claim.pk]) if one.claim else words.pop("url", "")
    return Told(one.at, _ICONS[one.kind], url=url, **words)


def _reward(one: Happening) -> str:
    return (one.claim.reward if one.claim else "") or _t("unknown reward")


def _linked(one: Happening, link: Any) -> dict[str, str]:
    text = _t("Linked again: %(viewer)s (%(platform)s) to %(player)s of %(game)s")
    if not one.again:
        text = _t("Linked: %(viewer)s (%(platform)s) to %(player)s of %(game)s")
    return {"what": text % _both(link), "url": reverse("admin:linking_link_change", args=[link.pk])}


def _unlinked(one: Happening, link: Any) -> dict[str, str]:
    return {
        "what": _t("Unlinked: %(viewer)s (%(platform)s) from %(player)s of %(game)s") % _both(link),
        "more": str(link.get_end_reason_display()),
        "url": reverse("admin:linking_link_change", args=[link.pk]),
    }


def _both(link: Any) -> dict[str, Any]:
    return {
        "viewer": link.viewer,
        "platform": platforms.get(link.platform).name,
        "player": link.player,
        "game": link.player.game,
    }


def _arrived(one: Happening, key: Any) -> dict[str, str]:
    return {"what": _t("%(reward)s: claim arrived") % {"reward": _reward(one)}, "more": str(_SOURCES[key.source])}


def _moved(one: Happening, event: ClaimEvent) -> dict[str, str]:
    after, before = state_name(event.to_state), state_name(event.from_state)
    if event.from_state == event.to_state:
        text = _t("%(reward)s: %(after)s, %(why)s")
    else:
        text = _t("%(reward)s: %(before)s → %(after)s, %(why)s")
    why = reason_name(event.to_state, event.reason)
    reads = _read_from_then_on(one.claim, event) if one.claim else ""
    viewer_reads = _t("The viewer read from then on: “%(text)s”") % {"text": reads}
    return {
        "what": text % {"reward": _reward(one), "before": before, "after": after, "why": why},
        "by": event.actor_label,
        "more": f"{event.detail} · {viewer_reads}" if event.detail else viewer_reads,
    }


def _read_from_then_on(claim: ClaimKey, event: ClaimEvent) -> str:
    reason = reason_of(State(event.to_state), event.reason)
    place = _t("this site") if claim.source == Claim.Source.PORTAL else watched_on(claim.platform)
    what, then = reason.for_viewer(platform=place, game=claim.game or _t("the game"), where="")
    return f"{what} {then}".strip()


def _attempted(one: Happening, attempt: Any) -> dict[str, str]:
    text = _t("%(reward)s: attempt %(number)s to deliver, %(answer)s after %(ms)s ms") % {
        "reward": _reward(one),
        "number": attempt.number,
        "answer": attempt.status or _t("no answer"),
        "ms": attempt.duration_ms,
    }
    return {"what": text, "more": attempt.error, "snippet": attempt.answer}


def _renamed(one: Happening, name: Any) -> dict[str, str]:
    return {"what": _t("Had the name %(name)s until then") % {"name": name.name}}


def _noted(one: Happening, note: Any) -> dict[str, str]:
    return {"what": _t("Note"), "by": note.author_label, "more": note.text}


def _deed(one: Happening, entry: Any) -> dict[str, str]:
    return {"what": f"{entry.action}: {entry.object_label}", "by": entry.actor_label, "more": entry.reason}


_WORDS: Mapping[Kind, Callable[[Happening, Any], dict[str, str]]] = {
    Kind.LINKED: _linked,
    Kind.UNLINKED: _unlinked,
    Kind.ARRIVED: _arrived,
    Kind.MOVED: _moved,
    Kind.ATTEMPT: _attempted,
    Kind.RENAMED: _renamed,
    Kind.NOTE: _noted,
    Kind.DEED: _deed,
}
