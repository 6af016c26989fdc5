"""The page that says what a mapping would do to all claims of a group, and does it once that is confirmed (S5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from campaigns.models import Campaign, Reward
from fulfillment.admin.bulk_pages import many_address
from fulfillment.admin.deed_form import ReasonForm
from fulfillment.admin.drift_words import MEANINGS, WORDS, asked_key, counted, group_address, id_label
from fulfillment.admin.words import REASON_NAMES, reason_name
from fulfillment.bulk import choose_assignment, confirm
from fulfillment.claims import NotPossible
from fulfillment.drift.choices import known_of
from fulfillment.drift.deeds import add_reward_to_campaign, map_campaign, map_reward
from fulfillment.drift.forecast import Assumed, Forecast, forecast
from fulfillment.drift.groups import Group, Key, group_of
from fulfillment.drift.ways import ASSIGNS, PERMISSIONS, Way, ways_of
from fulfillment.models import Claim
from fulfillment.models.bulk import MAX_CLAIMS
from fulfillment.rules.states import State
from portal import platforms
from portal.models import Organization
from portal.organizations import active_organization, may


class MapForm(forms.Form):
    """Why, if there is something to say."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("Kept in the history, for your colleagues. May stay empty."),
        widget=UnfoldAdminTextInputWidget,
    )


class AddRewardForm(MapForm):
    """The rule of a reward that is added to a campaign."""

    minutes = forms.IntegerField(
        label=_("Minutes to watch"),
        min_value=1,
        max_value=525_600,
        help_text=_("As in the platform's console."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ("minutes", "reason")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: a group, a way out, and the reward or campaign chosen for it."""

    organization: Organization
    key: Key
    way: Way
    reward: Reward | None = None
    campaign: Campaign | None = None

    @property
    def name(self) -> str:
        """Return the name of what was chosen."""
        return str(self.campaign or self.reward)


def confirm_view(request: HttpRequest) -> HttpResponse:
    """Count on GET, do it on POST; what another organization owns does not exist (S1)."""
    asked = _asked(request)
    group = group_of(asked.organization.pk, asked.key)
    data = request.POST if request.method == "POST" else None
    form = _form(asked.way, data)
    problem = ""
    if group is None:
        problem = _t("No claim waits for this any more: somebody has mapped it, or the claims were closed.")
    elif request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(_do(request, asked, group, form.cleaned_data))
        except NotPossible as error:
            problem = str(error)
    context = {**admin.site.each_context(request), **_shown(asked, group), "form": form, "problem": problem}
    return TemplateResponse(request, "admin/fulfillment/drift_confirm.html", context)


def _asked(request: HttpRequest) -> Asked:
    organization = active_organization(request)
    key = asked_key(request)
    try:
        way = Way(request.GET.get("way", ""))
    except ValueError:
        raise Http404 from None
    if organization is None or not may(request, PERMISSIONS[way]):
        raise PermissionDenied
    if way not in ways_of(key):
        raise Http404
    target = request.GET.get("target", "")
    if way in (Way.MAP_REWARD, Way.ASSIGN_REWARD):
        rewards = Reward.objects.filter(game__organization=organization, pk=target).select_related("game")
        return Asked(organization, key, way, reward=_found(rewards.first()))
    campaign = Campaign.objects.filter(organization=organization, pk=target).select_related("game").first()
    return Asked(organization, key, way, campaign=_found(campaign))


def _found(row: Any) -> Any:
    if row is None:
        raise Http404
    return row


def _form(way: Way, data: Any) -> forms.Form:
    if way in ASSIGNS:
        return ReasonForm(data)
    return AddRewardForm(data) if way is Way.ADD_REWARD else MapForm(data)


def _shown(asked: Asked, group: Group | None) -> dict[str, Any]:
    key, words = asked.key, WORDS[asked.way]
    told = _forecast(asked, group) if group else Forecast()
    return {
        "title": words.title,
        "text": words.text,
        "button": words.button,
        "name": asked.name,
        "what": REASON_NAMES[key.code],
        "meaning": MEANINGS[key.code],
        "platform": platforms.get(key.platform).name,
        "id": key.platform_id,
        "id_label": id_label(key),
        "claims": counted(group) if group else "0",
        "back": group_address(key) if group else reverse("admin:drift"),
        "group": group,
        "looked_at": told.looked_at,
        "all_looked_at": group is not None and not group.capped and told.looked_at >= group.claims,
        "lines": [
            (told.of(*states), text, _reasons(told, states))
            for states, text in _FOLLOWS
            if states in _ALWAYS or told.of(*states)
        ],
        "stay": told.of(State.QUARANTINED),
        "most": MAX_CLAIMS if asked.way in ASSIGNS and group is not None and group.capped else 0,
    }


_SENT, _WAITING, _HELD = (State.READY, State.CONFIRMED), (State.WAITING,), (State.HELD,)
_ALWAYS = (_SENT, _WAITING, _HELD)
_FOLLOWS: tuple[tuple[tuple[State, ...], Any], ...] = (
    (_SENT, _("would go to the game")),
    (_WAITING, _("would wait for the viewer")),
    (_HELD, _("would be held for you to release")),
    ((State.DUPLICATE,), _("would be duplicates")),
    ((State.QUARANTINED,), _("would stay in quarantine")),
)
"""What can become of claims, in words that go on from their number; the first three are told even of none."""


def _reasons(told: Forecast, states: tuple[State, ...]) -> str:
    """Return why claims would come into these states, each reason with its number where there are several."""
    found = [(code, state, count) for (state, code), count in told.outcomes.most_common() if state in states]
    if len(found) == 1:
        code, state, _count = found[0]
        return reason_name(state, code)
    return ", ".join(f"{count:,} {reason_name(state, code)}" for code, state, count in found)


def _forecast(asked: Asked, group: Group) -> Forecast:
    assumed = Assumed(reward=asked.reward, campaign=asked.campaign, placed=asked.way is Way.ADD_REWARD)
    return forecast(asked.organization.pk, group, assumed)


def _do(request: HttpRequest, asked: Asked, group: Group, given: dict[str, Any]) -> str:
    """Do it, and return the address to go on to."""
    actor: Any = request.user
    now = timezone.now()
    if asked.way in ASSIGNS:
        operation = choose_assignment(
            organization=asked.organization,
            claims=Claim.objects.filter(group.claims_in(asked.organization.pk)),
            reward=asked.reward,
            campaign=asked.campaign,
            actor=actor,
            now=now,
        )
        confirm(operation=operation, reason=given["reason"], actor=actor, now=now)
        return many_address(operation)
    who = {"organization": asked.organization, "key": asked.key, "actor": actor, "now": now}
    if asked.reward is not None:
        map_reward(reward=asked.reward, reason=given["reason"], **who)
    elif asked.way is Way.MAP_CAMPAIGN:
        map_campaign(campaign=_found(asked.campaign), reason=given["reason"], **who)
    else:
        add_reward_to_campaign(
            campaign=_found(asked.campaign),
            reward=_reward_of(asked, group),
            minutes=given["minutes"],
            reason=given["reason"],
            **who,
        )
    messages.success(request, str(WORDS[asked.way].done) % {"name": asked.name})
    return reverse("admin:drift")


def _reward_of(asked: Asked, group: Group) -> Reward:
    """Return the reward that the claims name."""
    reward = known_of(asked.organization, group).reward
    if reward is None:
        raise Http404
    return reward
