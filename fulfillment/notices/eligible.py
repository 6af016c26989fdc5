"""Who could take part in a campaign and is not linked for its game: what they are told, and hide once they know.

The hint is not stored. Hiding it stores a notice of its kind that is read from the start: the list keeps it findable.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from campaigns.models import Campaign, CampaignPlatform, CampaignTester, Game, Viewer
from fulfillment.models import Notice
from fulfillment.notices.writing import Draft, write_notices
from fulfillment.rules.notices import Kind
from linking.models import Link, Player
from linking.players import is_portal_account
from portal.models import User
from portal.platforms.studio import STUDIO

MOST = 3


class NotForYou(Exception):
    """There is no such campaign for this person: it does not run, is a test without them, or they are nobody there."""


def eligible_campaigns(user: User, *, now: datetime, game: Game | None = None) -> list[Campaign]:
    """Return the campaigns, announced or live, that this person could take part in if they linked their accounts.

    Those they hid are left out; of ``game`` alone where it is given. What ends first comes first, ``MOST`` at most.
    One query.
    """
    campaigns = _open_to(user, now=now)
    if game is not None:
        campaigns = campaigns.filter(game=game)
    hidden = Notice.objects.filter(user=user.pk, kind=Kind.ELIGIBLE, campaign=OuterRef("pk"))
    unlinked = campaigns.exclude(_is_linked(user)).filter(~Exists(hidden))
    return list(unlinked.select_related("game__organization").order_by("ends_at", "pk")[:MOST])


def hide_campaign(*, user: User, campaign_id: str, now: datetime) -> Campaign:
    """Show a person no more that they can take part in a campaign. Twice is once.

    Raises:
        NotForYou: this campaign is not open to them.
    """
    with transaction.atomic():
        campaign = _open_to(user, now=now).filter(pk=campaign_id).first()
        if campaign is None:
            raise NotForYou
        draft = Draft(
            user_id=user.pk,
            kind=Kind.ELIGIBLE,
            about=campaign.pk,
            organization_id=campaign.organization_id,
            game_id=campaign.game_id,
            campaign_id=campaign.pk,
        )
        write_notices([draft], now=now)
        Notice.objects.filter(user=user, key=draft.key, read_at=None).update(read_at=now)
    return campaign


def connection_url(campaign: Campaign) -> str:
    """Return where viewers link their accounts for a campaign: the studio's own page, or the portal's (C1)."""
    game = campaign.game
    return campaign.connection_url or reverse("connect_game", args=[game.organization.slug, game.slug])


def _open_to(user: User, *, now: datetime) -> QuerySet[Campaign]:
    """Return the campaigns announced or live now that this person may know of.

    That is whoever has an account on the portal itself, and whoever plays a game of the studio; of a test campaign its
    testers alone (C8).
    """
    running = Q(status=Campaign.Status.PUBLISHED, announces_at__lte=now, ends_at__gt=now, organization__enabled=True)
    campaigns = Campaign.objects.filter(running)
    if not is_portal_account(user):
        campaigns = campaigns.filter(
            Exists(Player.objects.filter(user=user.pk, game__organization=OuterRef("organization")))
        )
    return campaigns.filter(Q(test_mode=False) | _is_tester(user))


def _is_tester(user: User) -> Exists:
    viewers = Viewer.objects.filter(
        user=user.pk,
        organization=OuterRef("campaign__organization"),
        platform=OuterRef("platform"),
        platform_user_id=OuterRef("platform_user_id"),
    )
    players = Player.objects.filter(
        user=user.pk, game=OuterRef("campaign__game"), player_id=OuterRef("platform_user_id")
    )
    theirs = Exists(viewers) | Q(Exists(players), platform=STUDIO.key)
    return Exists(CampaignTester.objects.filter(theirs, campaign=OuterRef("pk")))


def _is_linked(user: User) -> Q:
    """Whether what this person watches counts for a game account: by a link, or because they are the player (I2)."""
    links = Link.objects.filter(player__user=user.pk, game=OuterRef("game"), ended_at=None)
    players = Player.objects.filter(user=user.pk, game=OuterRef("game"))
    own_player = CampaignPlatform.objects.filter(campaign=OuterRef("pk"), platform=STUDIO.key)
    return Q(Exists(links)) | (Q(Exists(players)) & Q(Exists(own_player)))
