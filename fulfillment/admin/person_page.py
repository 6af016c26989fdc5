"""The page of one person, viewer and player joined: what became of their claims, why, and what can be done (A9)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Viewer
from campaigns.watch.progress import taken_part
from fulfillment.admin.claim_deeds import possible_deeds
from fulfillment.admin.claim_page import ways_to_mend
from fulfillment.admin.person_summary import person_summary
from fulfillment.admin.person_timeline import told
from fulfillment.admin.words import TURNS, picture, reason_name, state_chip, utc
from fulfillment.inventory import RELATED, shown
from fulfillment.models import Claim, DeliveryAttempt
from fulfillment.people.joined import Person, claim_keys, join
from fulfillment.people.looks import note_look
from fulfillment.people.notes import LONGEST, add_note
from fulfillment.people.timeline import timeline
from fulfillment.rules.codes import Turn
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import FINAL_FOR_VIEWER, State
from linking.authorizing.shown import is_lapsed, staff_text
from linking.models import Link, Player
from portal import platforms
from portal.admin_base import in_reach
from portal.models import Organization, User
from portal.organizations import active_organization, game_scope, may
from portal.roles import Permission

CLAIMS_SHOWN = 20
_CAMPAIGNS_SHOWN = 50
_MESSAGE_SHOWN = 4000


class NoteForm(forms.Form):
    """What a member of staff wants colleagues to know."""

    text = forms.CharField(
        label=_("Note for colleagues"),
        max_length=LONGEST,
        error_messages={"required": _("Write something: an empty note is not kept.")},
        help_text=_("The player never sees it here, but gets it with a copy of what is stored about them. No secrets."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


@require_safe
def viewer_view(request: HttpRequest, viewer_id: str) -> HttpResponse:
    """Show the person that a viewer is."""
    organization = _organization(request, Permission.SEE_PEOPLE)
    return _page(request, organization, _viewer(request, viewer_id))


@require_safe
def player_view(request: HttpRequest, player_id: int) -> HttpResponse:
    """Show the person that a game account is."""
    organization = _organization(request, Permission.SEE_PEOPLE)
    return _page(request, organization, _player(request, str(player_id)))


@require_POST
def add_note_view(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Keep a note and lead back to the person; one that is empty or too long is shown again with what is wrong."""
    organization = _organization(request, Permission.MEND)
    person = _viewer(request, key) if kind == "viewer" else _player(request, key)
    form = NoteForm(request.POST)
    if not form.is_valid():
        # Shown at the field, with what was written: the page is long, and a message stands at its top.
        return _page(request, organization, person, note_form=form)
    actor: Any = request.user
    text = form.cleaned_data["text"]
    add_note(organization=organization, person=person, text=text, actor=actor, now=timezone.now())
    messages.success(request, _t("The note is kept."))
    return HttpResponseRedirect(address_of(person) + "#notes")


def address_of(person: Viewer | Player) -> str:
    """Return the address of somebody's page."""
    name = "person_viewer" if isinstance(person, Viewer) else "person_player"
    return reverse(f"admin:{name}", args=[person.pk])


def _organization(request: HttpRequest, permission: Permission) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, permission):
        raise PermissionDenied
    return organization


def _viewer(request: HttpRequest, key: str) -> Viewer:
    viewer = in_reach(Viewer.objects.filter(pk=key), request).first()
    if viewer is None:
        raise Http404
    return viewer


def _player(request: HttpRequest, key: str) -> Player:
    players = in_reach(Player.objects.filter(pk=key), request) if key.isdecimal() and len(key) < 19 else None
    player = players.select_related("game", "user").first() if players is not None else None
    if player is None:
        raise Http404
    return player


def _page(
    request: HttpRequest, organization: Organization, asked: Viewer | Player, *, note_form: NoteForm | None = None
) -> HttpResponse:
    now = timezone.now()
    person = join(organization, asked, games=game_scope(request))
    actor: User = request.user  # type: ignore[assignment]
    lookers = note_look(person, actor=actor, now=now)
    keys = claim_keys(person)
    page = _number(request, "claims")
    here = [key.pk for key in keys[(page - 1) * CLAIMS_SHOWN : page * CLAIMS_SHOWN]]
    claims = list(_claims().filter(pk__in=here).order_by("-pk")) if here else []
    story = timeline(person, keys, _number(request, "page"))
    rows = [_claim(request, claim, story.attempts) for claim in claims]
    context = {
        **admin.site.each_context(request),
        "title": _title(asked),
        "asked": asked,
        "lookers": ngettext(
            "%(count)s member of staff looked at this person in the last 30 days, you included.",
            "%(count)s members of staff looked at this person in the last 30 days, you included.",
            lookers,
        )
        % {"count": lookers},
        "viewers": [_viewer_shown(viewer) for viewer in person.viewers],
        "players": [_player_shown(player) for player in person.players],
        "names": story.names,
        "links": [_link(request, link) for link in person.links],
        "stuck": [row for row in rows if row["open"]],
        "claims": rows,
        "claims_total": len(keys),
        "claims_page": page,
        "older_claims": page + 1 if len(keys) > page * CLAIMS_SHOWN else 0,
        "progress": _progress(person),
        "notes": story.notes,
        "note_form": (note_form or NoteForm()) if may(request, Permission.MEND) else None,
        "note_url": reverse("admin:person_note", args=["viewer" if isinstance(asked, Viewer) else "player", asked.pk]),
        "timeline": [told(one) for one in story.rows],
        "timeline_page": story.number,
        "older": story.number + 1 if story.has_older else 0,
        "ways": _ways(request, person),
        "summary": person_summary(person, claims, story.attempts, story.names, total=len(keys), now=now),
    }
    return TemplateResponse(request, "admin/fulfillment/person.html", context)


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return max(1, min(int(text), 1000)) if text.isascii() and text.isdecimal() and len(text) < 5 else 1


def _claims() -> Any:
    return Claim.objects.select_related(*RELATED, "game__endpoint", "viewer")


def _title(asked: Viewer | Player) -> str:
    if isinstance(asked, Viewer):
        return _t("Viewer: %(name)s") % {"name": asked}
    return _t("Player: %(name)s") % {"name": asked}


def _viewer_shown(viewer: Viewer) -> dict[str, Any]:
    return {
        "viewer": viewer,
        "platform": platforms.get(viewer.platform).name,
        "seen": utc(viewer.created_at),
        "url": reverse("admin:campaigns_viewer_change", args=[viewer.pk]),
    }


def _player_shown(player: Player) -> dict[str, Any]:
    user: User | None = player.user
    return {
        "player": player,
        "email": user.email if user else "",
        "seen": utc(player.created_at),
        "url": reverse("admin:linking_player_change", args=[player.pk]),
    }


def _link(request: HttpRequest, link: Link) -> dict[str, Any]:
    mends = link.ended_at is None and may(request, Permission.MEND)
    return {
        "link": link,
        "platform": platforms.get(link.platform).name,
        "viewer_url": reverse("admin:person_viewer", args=[link.viewer_id]),
        "player_url": reverse("admin:person_player", args=[link.player_id]),
        "started": utc(link.started_at),
        "ended": utc(link.ended_at),
        "why": link.get_end_reason_display(),
        "lapsed": is_lapsed(link),
        "authorization": staff_text(link),
        "unlink_url": reverse("admin:linking_link_unlink", args=[link.pk]) if mends else "",
        "check_url": reverse("admin:linking_link_check", args=[link.pk])
        if mends and platforms.get(link.platform).authorizations is not None
        else "",
    }


def _claim(request: HttpRequest, claim: Claim, attempts: Sequence[DeliveryAttempt]) -> dict[str, Any]:
    """Return a claim in words: where it is, why, whose turn it is, what the viewer reads, and what can be done."""
    reason = reason_of(State(claim.state), claim.reason)
    endpoint = getattr(claim.game, "endpoint", None)
    campaign = claim.campaign or claim.assigned_campaign
    game = claim.game or (campaign.game if campaign else None)
    return {
        "claim": claim,
        "open": claim.state not in FINAL_FOR_VIEWER,
        "url": reverse("admin:fulfillment_claim_change", args=[claim.pk]),
        "picture": picture(claim.reward),
        "reward": claim.reward.name if claim.reward else _t("unknown reward"),
        "campaign": claim.campaign.name if claim.campaign else _t("unknown campaign"),
        "platform": platforms.get(claim.platform).name,
        "chip": state_chip(claim.state),
        "why": reason_name(claim.state, claim.reason),
        "meaning": reason.staff,
        "turn": TURNS[reason.turn],
        "link_page": _link_page(request, game) if reason.turn == Turn.VIEWER and game else "",
        "seen": shown(claim),
        "since": utc(claim.state_changed_at),
        "granted": utc(claim.granted_at),
        "received": utc(claim.received_at),
        "delivered": utc(claim.delivered_at),
        "deeds": possible_deeds(request, claim, reason.actions),
        "ways": ways_to_mend(request, claim, endpoint, reason.actions),
        "attempts": [attempt for attempt in attempts if attempt.delivery_id == claim.pk],
        "message": claim.raw[:_MESSAGE_SHOWN],
    }


def _link_page(request: HttpRequest, game: Any) -> str:
    """Return the address to send to somebody who has to link an account."""
    return request.build_absolute_uri(reverse("connect_game", args=[game.organization.slug, game.slug]))


@dataclass(frozen=True)
class Way:
    """A button that leads on."""

    label: str
    url: str


def _ways(request: HttpRequest, person: Person) -> list[Way]:
    """Return where else this person leads: to a grant by hand, to their claims in the list, to what is stored of them."""
    asked = person.asked
    kind = "viewer" if isinstance(asked, Viewer) else "player"
    ways = []
    if may(request, Permission.BULK):
        with suppress(NoReverseMatch):  # the page is entered by who grants
            ways.append(Way(_t("Grant a reward by hand …"), f"{reverse('admin:grant')}?{kind}={asked.pk}"))
    words = asked.pk if isinstance(asked, Viewer) else asked.player_id
    ways.append(Way(_t("All claims in the list"), f"{reverse('admin:fulfillment_claim_changelist')}?q={words}"))
    if may(request, Permission.BULK):
        ways.append(Way(_t("What is stored about them (JSON)"), reverse(f"admin:export_{kind}", args=[asked.pk])))
        ways.append(Way(_t("Erase this person …"), reverse(f"admin:erase_{kind}", args=[asked.pk])))
    return ways


def _progress(person: Person) -> list[dict[str, Any]]:
    """Return the minutes that the portal counted, by campaign."""
    viewers = {viewer.pk: viewer for viewer in person.viewers}
    return [
        {
            "campaign": campaign,
            "url": reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
            "viewer": viewers[viewer],
            "watched": minutes.watched,
            "broadcast": minutes.broadcast,
        }
        for viewer, campaign, minutes in taken_part(list(viewers), most=_CAMPAIGNS_SHOWN)
        if person.games is None or campaign.game_id in person.games
    ]
