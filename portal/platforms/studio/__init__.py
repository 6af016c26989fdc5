"""The studio's own player: viewers are players already, so there is nothing to sign in to (I2)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.base import Platform, Vocabulary
from portal.platforms.studio.guide import GUIDE

STUDIO = Platform(
    key="portal",
    name="the studio's own player",  # within sentences; what begins with it sets the capital
    vocabulary=Vocabulary(
        organization=_("organization"),
        game=_("game"),
        campaign=_("campaign"),
        reward=_("reward"),
        claim=_("claim"),
        link=_("link"),
    ),
    guide=GUIDE,
)
