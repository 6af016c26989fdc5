"""How the pages about drift name things: each kind, each way out, and the addresses of their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.drift.groups import DRIFT, Group, Key, key_of
from fulfillment.drift.ways import Way
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from portal import platforms

MEANINGS: Mapping[Code, str | Promise] = {
    Code.REWARD_UNKNOWN: _(
        "The platform names a reward with an id that is entered at none of your rewards. Usually it was not entered yet, or "
        "was mistyped."
    ),
    Code.REWARD_AMBIGUOUS: _(
        "Rewards of several of your games have the external id that the platform names, and its reward id is entered at "
        "none of them."
    ),
    Code.CAMPAIGN_UNKNOWN: _(
        "The platform names a campaign with an id that is entered at none of your campaigns, or it names none and no "
        "campaign with this reward runs there."
    ),
    Code.CAMPAIGN_AMBIGUOUS: _(
        "The platform's list names no campaign, and several of your campaigns with this reward were open when the claims "
        "were granted. Only you can tell which is meant."
    ),
    Code.REWARD_NOT_IN_CAMPAIGN: _(
        "The portal knows the reward and the campaign, but the campaign does not have this reward here."
    ),
}


@dataclass(frozen=True)
class WayWords:
    """What the pages say of one way out."""

    title: str | Promise
    text: str | Promise
    label: str | Promise
    none: str | Promise
    button: str | Promise
    done: str | Promise


WORDS: Mapping[Way, WayWords] = {
    Way.MAP_REWARD: WayWords(
        _("Enter the id at a reward"),
        _("All of these claims are then for this reward, and so are all later ones with this id."),
        _("Reward"),
        _("None of your rewards can take this id."),
        _("Enter the id"),
        _("The id is entered at “%(name)s”. The claims are worked out again within seconds."),
    ),
    Way.MAP_CAMPAIGN: WayWords(
        _("Enter the id at a campaign"),
        _("All of these claims are then of this campaign, and so are all later ones with this id."),
        _("Campaign"),
        _("None of your campaigns can take this id."),
        _("Enter the id"),
        _("The id is entered at “%(name)s”. The claims are worked out again within seconds."),
    ),
    Way.ADD_REWARD: WayWords(
        _("Add the reward to a campaign"),
        _("The campaign then has this reward here too. That is possible until the campaign begins."),
        _("Campaign"),
        _(
            "No campaign can take this reward any more. To deliver this very reward, clone the campaign, give the clone the "
            "reward, publish it, and assign the claims to it here."
        ),
        _("Add the reward"),
        _("The reward is in “%(name)s” now. The claims are worked out again within seconds."),
    ),
    Way.ASSIGN_REWARD: WayWords(
        _("Assign a reward to these claims"),
        _("Only the claims that are here now: later ones with the same ids come here again."),
        _("Reward"),
        _("There is no reward to assign."),
        _("Assign the reward"),
        "",
    ),
    Way.ASSIGN_CAMPAIGN: WayWords(
        _("Assign these claims to a campaign"),
        _("Only the claims that are here now: later ones with the same ids come here again."),
        _("Campaign"),
        _("No published campaign has this reward."),
        _("Assign them"),
        "",
    ),
}


def counted(group: Group) -> str:
    """Return the number of a group's claims as text; one that reaches the cap stands for itself and more."""
    return f"{group.claims:,}+" if group.capped else f"{group.claims:,}"


def id_label(key: Key) -> str:
    """Return what the id that is shown is, in the platform's own words."""
    words = platforms.get(key.platform).vocabulary
    noun = words.campaign if key.what == "campaign" and key.campaign_id else words.reward
    return _t("%(noun)s id") % {"noun": str(noun).capitalize()}


def group_address(key: Key, page: str = "drift_map", **more: str) -> str:
    """Return the address of a group's page."""
    named = {"platform": key.platform, "code": key.code.value, "reward": key.reward_id, "campaign": key.campaign_id}
    return f"{reverse(f'admin:{page}')}?{urlencode({**{k: v for k, v in named.items() if v}, **more})}"


def claim_key(claim: Claim) -> Key:
    """Return the group of a claim in quarantine."""
    return key_of(
        platform=claim.platform,
        code=Code(claim.reason),
        reward_id=claim.platform_reward_id,
        campaign_id=claim.platform_campaign_id,
    )


def asked_key(request: HttpRequest) -> Key:
    """Return the group that an address names.

    Raises:
        Http404: it names none.
    """
    asked = request.GET
    try:
        code = Code(asked.get("code", ""))
    except ValueError:
        raise Http404 from None
    if code not in DRIFT or not platforms.is_known(asked.get("platform", "")):
        raise Http404
    return key_of(
        platform=asked["platform"], code=code, reward_id=asked.get("reward", ""), campaign_id=asked.get("campaign", "")
    )
