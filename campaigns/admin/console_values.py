"""What is typed into a platform's console for one campaign, worked out from what the portal knows of it (C1, R1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.games import link_page_address
from campaigns.game_state.rule_words import rule_for_staff
from campaigns.models import Campaign, CampaignReward
from campaigns.rules import zones
from portal.fields import rendition_url
from portal.models import Organization, PlatformCredential
from portal.platforms.base import Platform
from portal.platforms.console import Item
from portal.webhook_addresses import webhook_address

LABELS: Mapping[Item, str | Promise] = {
    Item.CLIENT_ID: _("Client ID of your app"),
    Item.REDIRECT: _("Redirect address of the sign-in"),
    Item.WEBHOOK: _("Webhook address"),
    Item.CONNECTION_PAGE: _("Connection page"),
    Item.REWARD_NAME: _("Name"),
    Item.REWARD_DESCRIPTION: _("Description"),
    Item.REWARD_IMAGE: _("Image"),
    Item.REWARD_CATEGORY: _("Category"),
    Item.EXTERNAL_ID: _("External id"),
    Item.NAME: _("Name"),
    Item.DESCRIPTION: _("Description"),
    Item.CATEGORY: _("Category"),
    Item.INFO_URL: _("Info page"),
    Item.CONNECTION_URL: _("Connection page"),
    Item.START: _("Start"),
    Item.END: _("End"),
    Item.RULES: _("Minutes to watch for each reward"),
    Item.ANNOUNCEMENT_DAYS: _("Announcement days before the start"),
    Item.GRACE_DAYS: _("Grace days after the end"),
    Item.CHANNELS: _("Channels that count"),
}


CHANNELS_SHOWN = 1_000
"""So many channels of a list are shown to be copied. Of a longer one nothing is: part of it is easily taken for the whole."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One value to copy. Without ``text`` there is none: ``missing`` says why, and ``url`` leads to where it is mended.

    ``lines``: it has a line for each of several things. ``needed``: without it something does not work.
    """

    label: str
    text: str = ""
    hint: str = ""
    missing: str = ""
    url: str = ""
    lines: bool = False
    needed: bool = True
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class RewardSheet:
    """A reward as the console is told of it. ``image_url`` is the image as it was uploaded, re-encoded."""

    name: str
    values: list[Shown]
    image_url: str = ""
    thumb_url: str = ""
    alt_text: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class ConsoleValues:
    """The values of one campaign for one platform. ``places`` are the campaign's rewards, in their order.

    ``credential`` is None where there is none; ``logins`` and ``ids`` are of the listed channels there.
    """

    campaign: Campaign
    platform: Platform
    places: Sequence[CampaignReward]
    categories: Sequence[tuple[str, str]]
    credential: PlatformCredential | None
    channels: Sequence[tuple[str, str]]
    sees_webhook: bool

    def organization(self) -> list[Shown]:
        """Return what is entered once for the whole organization."""
        return [shown for item in self.platform.console.organization for shown in self._organization_item(item)]

    def _organization_item(self, item: Item) -> list[Shown]:
        text, missing = organization_value(
            item, self.platform, self.credential, self.campaign.organization, sees_webhook=self.sees_webhook
        )
        known = self.credential is not None
        page = "" if known else reverse("admin:portal_platformcredential_changelist")
        return [self._shown(item, text, missing=missing, url=page, needed=not (known and item is Item.WEBHOOK))]

    def rewards(self) -> list[RewardSheet]:
        """Return the rewards, each with what the console asks for of it."""
        return [self._reward(place) for place in self.places]

    def _reward(self, place: CampaignReward) -> RewardSheet:
        reward, console = place.reward, self.platform.console
        page = reverse("admin:campaigns_reward_change", args=[reward.pk])
        known = {
            Item.REWARD_NAME: (reward.name, ""),
            Item.REWARD_DESCRIPTION: (reward.description, _t("No description is entered.")),
            Item.EXTERNAL_ID: (reward.external_id, _t("No external id is entered.")),
        }
        values = []
        for item in console.reward:
            if item is Item.REWARD_CATEGORY:
                values += self._categories(item)
            elif item in known:
                text, missing = known[item]
                values.append(self._shown(item, text, missing=missing, url=page, needed=False))
            elif item is Item.REWARD_IMAGE and not reward.image:
                values.append(self._shown(item, "", missing=_t("No image is uploaded."), url=page))
        has_image = bool(reward.image) and Item.REWARD_IMAGE in console.reward
        return RewardSheet(
            name=reward.name,
            values=values,
            image_url=reward.image.url if has_image else "",
            thumb_url=rendition_url(reward.image) if has_image else "",
            alt_text=reward.alt_text,
            file_name=f"{reward.external_id or reward.pk}.png",
        )

    def of_campaign(self) -> list[Shown]:
        """Return what the campaign's own form asks for."""
        return [shown for item in self.platform.console.campaign for shown in self._campaign_item(item)]

    def only_here(self) -> list[Shown]:
        """Return what the portal keeps of the campaign that the console does not ask for."""
        left_out = [item for item in LEFT_OUT_TOLD if self.platform.console.leaves_out(item)]
        return [shown for item in left_out for shown in self._campaign_item(item) if shown.text]

    def _campaign_item(self, item: Item) -> list[Shown]:
        campaign = self.campaign
        page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        if item is Item.CATEGORY:
            return self._categories(item)
        if item in (Item.START, Item.END):
            moment = campaign.starts_at if item is Item.START else campaign.ends_at
            return self._times(item, moment, page)
        if item is Item.RULES:
            return [self._shown(item, "\n".join(map(rule_told, self.places)), lines=True, missing=_NO_REWARD, url=page)]
        if item is Item.CHANNELS:
            return self._channels(page)
        texts = {
            Item.NAME: campaign.name,
            Item.DESCRIPTION: campaign.description,
            Item.INFO_URL: campaign.info_url,
            Item.CONNECTION_URL: campaign.connection_url or link_page_address(campaign.game),
            Item.ANNOUNCEMENT_DAYS: str(campaign.announcement_days),
            Item.GRACE_DAYS: str(campaign.grace_days),
        }
        lines, empty = item is Item.DESCRIPTION, _t("Nothing is entered.")
        return [self._shown(item, texts[item], lines=lines, missing=empty, url=page, needed=False)]

    def _categories(self, item: Item) -> list[Shown]:
        if not self.categories:
            page = reverse("admin:campaigns_game_change", args=[self.campaign.game_id])
            return [self._shown(item, "", missing=_t("The game has no category id on this platform."), url=page)]
        label = self._label(item)
        return [
            Shown(
                label=_t("%(label)s: %(game)s") % {"label": label, "game": game}, text=category, hint=_t("its id there")
            )
            for game, category in self.categories
        ]

    def _times(self, item: Item, moment: datetime | None, page: str) -> list[Shown]:
        if moment is None:
            return [self._shown(item, "", missing=_t("Not set yet."), url=page)]
        names = dict.fromkeys([self.campaign.time_zone, "UTC", *self.platform.console.zones])
        shown = []
        for name in names:
            local = moment.astimezone(UTC) if name == "UTC" else zones.from_utc(moment, name)
            offset = zones.offset_name(local)
            zone = "UTC" if name == "UTC" else f"{name} ({offset})"
            label = _t("%(label)s in %(zone)s") % {"label": self._label(item), "zone": zone}
            shown.append(Shown(label=label, text=f"{local:%Y-%m-%d %H:%M}"))
        return shown

    def _channels(self, page: str) -> list[Shown]:
        label = self._label(Item.CHANNELS)
        if self.campaign.scope == Campaign.Scope.GLOBAL:
            everyone = _t("None: all channels count. Leave the list in the console empty.")
            return [Shown(label=label, missing=everyone, needed=False)]
        if not self.channels:
            nobody = _t("The allow-list has no channel on this platform.")
            return [Shown(label=label, missing=nobody, url=f"{page}#channels")]
        if len(self.channels) > CHANNELS_SHOWN:
            lists = reverse("admin:campaigns_campaign_channels", args=[self.campaign.pk])
            many = _t("More than %(count)s channels: download them as a file from the page of the list.")
            return [Shown(label=label, missing=many % {"count": f"{CHANNELS_SHOWN:,}"}, url=lists, needed=False)]
        logins = [login for login, _id in self.channels if login]
        without = len(self.channels) - len(logins)
        hint = _t("%(count)s channels, one a line.") % {"count": f"{len(self.channels):,}"}
        unnamed = _t("Of %(count)s no login is known: take these by their ids.") % {"count": f"{without:,}"}
        hint = f"{hint} {unnamed}" if without else hint
        return [
            Shown(
                label=_t("%(label)s: logins") % {"label": label},
                text="\n".join(logins),
                lines=True,
                hint=hint,
                missing=_t("No login is known: take the ids."),
                needed=False,
            ),
            Shown(
                label=_t("%(label)s: ids") % {"label": label},
                text="\n".join(number for _login, number in self.channels),
                lines=True,
                hint=hint,
            ),
        ]

    def _label(self, item: Item) -> str:
        return str(self.platform.console.labels.get(item, LABELS[item]))

    def _shown(
        self,
        item: Item,
        text: str,
        *,
        missing: str | Promise = "",
        url: str = "",
        lines: bool = False,
        needed: bool = True,
    ) -> Shown:
        hint = self.platform.console.hints.get(item) or self.platform.check_hints.get(item.value, "")
        return Shown(
            label=self._label(item),
            text=text,
            hint=str(hint),
            missing="" if text else str(missing),
            url="" if text else url,
            lines=lines,
            needed=needed,
        )


LEFT_OUT_TOLD = (
    Item.DESCRIPTION,
    Item.INFO_URL,
    Item.CONNECTION_URL,
    Item.ANNOUNCEMENT_DAYS,
    Item.GRACE_DAYS,
)
"""What of a campaign is told as kept here only, where the console does not ask for it."""

_NO_REWARD = _("The campaign has no reward yet.")


def rule_told(place: CampaignReward) -> str:
    """Return a reward's rule in a line. Minutes to watch are all that a platform's console is known to take."""
    if place.rule == CampaignReward.Rule.WATCH:
        told = f"{place.reward.name}: {place.minutes}"
    elif place.rule == CampaignReward.Rule.BROADCAST:
        told = _t("%(reward)s: %(minutes)s minutes of broadcasting, which only the portal counts") % {
            "reward": place.reward.name,
            "minutes": place.minutes,
        }
    else:
        told = _t("%(reward)s: %(event)s; only the portal counts that") % {
            "reward": place.reward.name,
            "event": rule_for_staff(place),
        }
    if place.requires is None:
        return told
    return _t("%(told)s, only after %(other)s") % {"told": told, "other": place.requires.reward.name}


def _address(name: str, arguments: list[str]) -> str:
    try:
        return f"{settings.BASE_URL}{reverse(name, args=arguments)}"
    except NoReverseMatch:
        return ""


def organization_value(
    item: Item,
    platform: Platform,
    credential: PlatformCredential | None,
    organization: Organization,
    *,
    sees_webhook: bool,
) -> tuple[str, str]:
    """Return what a platform is told once for the whole organization, or why there is nothing to tell."""
    if item is Item.REDIRECT:
        return _address(f"{platform.key}_callback", []), ""
    if item is Item.CONNECTION_PAGE:
        return _address("connect_organization", [organization.slug]), ""
    if credential is None:
        return "", _t("There is no credential for this platform yet.")
    if item is Item.CLIENT_ID:
        return credential.client_id, ""
    return (webhook_address(credential), "") if sees_webhook else ("", _t("It is a secret: an owner sees it here."))
