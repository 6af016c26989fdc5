"""The page of one claim: what happened, whose turn it is, what the viewer sees, what can be done, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.claim_deeds import possible_deeds, unlink_deed
from fulfillment.admin.drift_words import claim_key, group_address
from fulfillment.admin.words import (
    TURNS,
    endpoint_state,
    person,
    picture,
    player_name,
    reason_name,
    sees_people,
    state_chip,
    state_name,
    utc,
    viewer_name,
)
from fulfillment.grant import WAIVED
from fulfillment.inventory import ShownClaim, shown
from fulfillment.models import Claim, ClaimEvent, CodePool, Delivery, DeliveryAttempt, Endpoint, Event, RewardCode
from fulfillment.rules.codes import PERMISSIONS, Action
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from fulfillment.rules.stock import masked
from linking.authorizing.shown import staff_text
from linking.models import Link
from portal import platforms
from portal.live import look_again
from portal.next_page import list_as_it_was
from portal.organizations import may
from portal.roles import Permission

if TYPE_CHECKING:
    from fulfillment.admin.claim_list import ClaimAdmin

LOOKED_AGAIN_FOR = timedelta(minutes=1)
LOOKS_AGAIN_AFTER_SECONDS = 5
_EVENTS_SHOWN = 200
_ATTEMPTS_SHOWN = 50
_RELATED = (
    "organization",
    "reward",
    "campaign",
    "game__organization",
    "viewer",
    "player__game",
    "link",
    "assigned_reward",
    "assigned_campaign",
)
_MENDED = {
    Action.MAP: _("Map it, with all claims like it"),
    Action.EDIT_CAMPAIGN: _("Open the campaign"),
    Action.PUBLISH_CAMPAIGN: _("Publish the campaign"),
    Action.RESUME_DELIVERIES: _("Resume the campaign's deliveries"),
    Action.MEND_ENDPOINT: _("Open the game's endpoint"),
    Action.IMPORT_CODES: _("Import codes"),
}
_NO_ID_THERE = {
    Claim.Source.PORTAL.value: _("none: the portal counted it"),
    Claim.Source.STAFF.value: _("none: it was granted by hand"),
}


@dataclass(frozen=True)
class Fact:
    """One line of facts; ``url`` leads to the thing itself."""

    label: str
    value: Any
    url: str = ""


def claim_page(admin: ClaimAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Return the page; 404 for a claim of another organization (S1).

    Raises:
        Http404: there is no such claim here.
    """
    claim: Claim | None = admin.get_queryset(request).defer(None).select_related(*_RELATED).filter(pk=object_id).first()
    if claim is None or not admin.has_view_permission(request, claim):
        raise Http404
    now = timezone.now()
    reason = reason_of(State(claim.state), claim.reason)
    endpoint = Endpoint.objects.filter(game=claim.game_id).first() if claim.game_id else None
    delivery = Delivery.objects.filter(pk=claim.pk).first()
    attempts = list(DeliveryAttempt.objects.filter(delivery=claim.pk).order_by("-number")[:_ATTEMPTS_SHOWN])
    events = list(ClaimEvent.objects.filter(claim=claim).order_by("-at", "-pk")[:_EVENTS_SHOWN])
    seen = shown(claim)
    waits = claim.resolve_at is not None and claim.resolve_at <= now
    looks_again = claim.resolve_at is not None and timedelta() <= now - claim.resolve_at < LOOKED_AGAIN_FOR
    context = {
        **admin.admin_site.each_context(request),
        "title": _title(claim, waits=waits),
        "waits": waits,
        "looks_again": looks_again,
        "subtitle": None,
        "opts": admin.opts,
        "claim": claim,
        "picture": picture(claim.reward),
        "chip": state_chip(claim.state),
        "reason_name": reason_name(claim.state, claim.reason),
        "staff_text": reason.staff,
        "detail": claim.detail if sees_people(request) else "",
        "turn": TURNS[reason.turn],
        "since": utc(claim.state_changed_at),
        "seen": seen,
        "deeds": possible_deeds(request, claim, reason.actions),
        "ways": [*ways_to_mend(request, claim, endpoint, reason.actions), *unlink_deed(request, claim)],
        "facts": facts(request, claim),
        "delivery": delivery,
        "delivery_due": utc(delivery.due_at) if delivery else "",
        "endpoint_chip": endpoint_state(endpoint, now=now)[0],
        "attempts": attempts,
        "events": [_told(event) for event in events],
        "sees_people": sees_people(request),
        "raw": claim.raw if sees_people(request) else "",
        "summary": summary(request, claim, seen, attempts, now=now),
        "told_url": _told_url(request, claim),
        "back": list_as_it_was(request, reverse("admin:fulfillment_claim_changelist")),
        "history_url": reverse("admin:fulfillment_claim_history", args=[claim.pk]) if sees_people(request) else "",
    }
    response = TemplateResponse(request, "admin/fulfillment/claim.html", context)
    return look_again(response, request, seconds=LOOKS_AGAIN_AFTER_SECONDS) if looks_again else response


def _title(claim: Claim, *, waits: bool) -> str:
    if claim.reward:
        return str(claim.reward.name)
    return _t("Claim that is to be worked out") if waits else _t("Claim of an unknown reward")


def ways_to_mend(
    request: HttpRequest, claim: Claim, endpoint: Endpoint | None, actions: tuple[Action, ...]
) -> list[tuple[str, str]]:
    """Return address and label of the places where the cause is mended, for those who may mend it (S1)."""
    ways = []
    for action in actions:
        if action in _MENDED and may(request, PERMISSIONS[action]):
            url = _place(action, claim, endpoint)
            if url:
                ways.append((url, str(_MENDED[action])))
    return ways


def _place(action: Action, claim: Claim, endpoint: Endpoint | None) -> str:
    if action is Action.MAP:
        return group_address(claim_key(claim))
    if action is Action.IMPORT_CODES:
        pool = CodePool.objects.filter(reward=claim.reward_id).first()
        return reverse("admin:fulfillment_codepool_import", args=[pool.pk]) if pool else ""
    if action is Action.MEND_ENDPOINT:
        if endpoint is not None:
            return reverse("admin:fulfillment_endpoint_change", args=[endpoint.pk])
        return reverse("admin:fulfillment_endpoint_add") + (f"?game={claim.game_id}" if claim.game_id else "")
    if not claim.campaign_id:
        return reverse("admin:campaigns_campaign_changelist") if action is Action.EDIT_CAMPAIGN else ""
    named = {Action.PUBLISH_CAMPAIGN: "publish", Action.RESUME_DELIVERIES: "resume"}.get(action, "change")
    return reverse(f"admin:campaigns_campaign_{named}", args=[claim.campaign_id])


def facts(request: HttpRequest, claim: Claim) -> list[Fact]:
    """Return what is known of a claim, identifiers masked where the role asks for it."""
    reads = may(request, Permission.SEE_CAMPAIGNS)
    known = [
        Fact(_t("Platform"), platforms.get(claim.platform).name),
        Fact(_t("Viewer"), viewer_name(request, claim), _url(request, "admin:person_viewer", claim.viewer_id)),
        Fact(_t("User id there"), person(request, claim.platform_user_id)),
        Fact(
            _t("Player"),
            player_name(request, claim.player) if claim.player else _t("none linked"),
            _url(request, "admin:person_player", claim.player_id),
        ),
        Fact(_t("Player id"), person(request, claim.player.player_id) if claim.player else "–"),
        *_link_facts(claim),
        Fact(_t("Game"), claim.game or _t("unknown"), _link("campaigns_game", claim.game_id) if reads else ""),
        Fact(_t("Campaign"), claim.campaign or _t("unknown"), _link("campaigns_campaign", claim.campaign_id)),
        Fact(_t("Reward"), claim.reward or _t("unknown"), _link("campaigns_reward", claim.reward_id)),
        Fact(_t("Granted"), utc(claim.granted_at)),
        Fact(_t("Received"), utc(claim.received_at)),
        Fact(_t("Brought by"), claim.get_source_display()),
        Fact(_t("Claim id here"), claim.pk),
        Fact(
            _t("Claim id there"),
            _NO_ID_THERE[claim.source] if claim.source in _NO_ID_THERE else person(request, claim.platform_claim_id),
        ),
        Fact(_t("Reward id there"), claim.platform_reward_id or "–"),
        Fact(_t("Campaign id there"), claim.platform_campaign_id or "–"),
        Fact(_t("External id"), claim.external_id or "–"),
    ]
    code = RewardCode.objects.filter(claim=claim).only("suffix", "state").first()
    if code is not None:
        told = f"{masked(code.suffix)} ({code.get_state_display()})"
        known.append(Fact(_t("Code"), told, _link("fulfillment_rewardcode", code.pk) if reads else ""))
    elif claim.attempted_at:
        known.append(Fact(_t("First attempt"), utc(claim.attempted_at)))
    if claim.delivered_at:
        known.append(Fact(_t("Delivered"), utc(claim.delivered_at)))
    if claim.written_back_at:
        known.append(Fact(_t("Platform told"), utc(claim.written_back_at)))
    if claim.partner_status and sees_people(request):  # words of a partner's own: they may name people
        known.append(Fact(_t("Partner’s status"), claim.partner_status))
    if claim.assigned_reward and not _as_claimed(claim) and claim.source != Claim.Source.STAFF:
        known.append(Fact(_t("Assigned by staff"), claim.assigned_reward))
    released = [hold for hold in claim.waived if claim.source != Claim.Source.STAFF or hold not in WAIVED]
    if released:
        known.append(Fact(_t("Released in spite of"), ", ".join(released)))
    return known


def _link_facts(claim: Claim) -> list[Fact]:
    """Return how the viewer's last link with the game stands: an authorization that lapsed, or why the link ended."""
    if not claim.viewer_id or not claim.game_id:
        return []
    links = Link.objects.filter(viewer=claim.viewer_id, game=claim.game_id).select_related("viewer__authorization")
    link = links.order_by("-started_at", "-pk").first()
    if link is None:
        return []
    url = _link("linking_link", link.pk)
    if link.ended_at is None:
        return [Fact(_t("Authorization"), staff_text(link), url)]
    ended = _t("ended %(when)s: %(why)s") % {
        "when": f"{link.ended_at:%Y-%m-%d %H:%M} UTC",
        "why": link.get_end_reason_display(),
    }
    return [Fact(_t("Last link"), ended, url)]


def _as_claimed(claim: Claim) -> bool:
    """Tell whether a claim made on the portal is still for the reward that the viewer pressed the button of (F5)."""
    own = f"{claim.campaign_reward_id}-"
    return claim.source == Claim.Source.PORTAL and claim.platform_claim_id.startswith(own)


def _link(model: str, key: Any) -> str:
    return reverse(f"admin:{model}_change", args=[key]) if key else ""


def _url(request: HttpRequest, name: str, key: Any) -> str:
    return reverse(name, args=[key]) if key and sees_people(request) else ""


def _told_url(request: HttpRequest, claim: Claim) -> str:
    """Return the address of what subscribers were told of a claim; empty if nothing, or if it names whom to hide."""
    if not sees_people(request) or not Event.objects.filter(subject=claim.pk).exists():
        return ""
    return f"{reverse('admin:fulfillment_eventdelivery_changelist')}?q={claim.pk}"


def _told(event: ClaimEvent) -> dict[str, Any]:
    moved = event.from_state != event.to_state
    return {
        "at": event.at,
        "by": event.actor_label,
        "what": f"{state_name(event.from_state)} → {state_name(event.to_state)}"
        if moved
        else state_name(event.to_state),
        "why": reason_name(event.to_state, event.reason),
        "detail": event.detail,
    }


def summary(
    request: HttpRequest, claim: Claim, seen: ShownClaim, attempts: list[DeliveryAttempt], *, now: datetime
) -> str:
    """Return a claim's story as plain text for a support ticket: no secrets, no message, no answers of the backend."""
    reason = reason_of(State(claim.state), claim.reason)
    lines = [
        f"Claim {claim.pk} ({platforms.get(claim.platform).name} {person(request, claim.platform_claim_id)})",
        f"Reward: {claim.reward or 'unknown'} / campaign: {claim.campaign or 'unknown'} / game: {claim.game or 'unknown'}",
        f"Viewer: {viewer_name(request, claim)} ({person(request, claim.platform_user_id)})",
        f"Player: {player_name(request, claim.player) if claim.player else 'none linked'}",
        f"State: {state_name(claim.state)} since {_stamp(claim.state_changed_at)}: {reason_name(claim.state, claim.reason)}",
        f"Meaning: {reason.staff}",
        f"The viewer reads: {seen.next_text}",
        f"Granted {_stamp(claim.granted_at)}, received {_stamp(claim.received_at)}, delivered {_stamp(claim.delivered_at)}",
    ]
    lines += [
        f"Attempt {attempt.number}: {_stamp(attempt.started_at)}, {attempt.duration_ms} ms, {attempt.status or attempt.error}"
        for attempt in attempts[:5]
    ]
    return "\n".join([*lines, f"As of {_stamp(now)}"])


def _stamp(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "–"
