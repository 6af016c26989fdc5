"""Twitch's word that a viewer took back the authorization (Twitch, EventSub, ``user.authorization.revoke``) (L8).

It ends links at once: it is a word, where a list that does not name the viewer is only silent and is asked for twice
(:mod:`linking.authorizing`). With the last link goes the row by which the list is asked.
"""

from __future__ import annotations

import logging
from datetime import datetime

from linking.revocation import end_revoked_links
from portal.models import PlatformCredential
from portal.platforms.twitch.messages import AuthorizationRevoked

log = logging.getLogger(__name__)


def on_authorization_revoked(credential: PlatformCredential, message: AuthorizationRevoked, now: datetime) -> None:
    """End the viewer's links in the credential's organization; a message about another app is left alone."""
    if message.client_id != credential.client_id:
        log.warning("Credential %s was told of a revocation for another app; nothing was changed.", credential.pk)
        return
    ended = end_revoked_links(
        organization_id=credential.organization_id,
        platform=credential.platform,
        platform_user_id=message.platform_user_id,
        now=now,
    )
    log.info("%d links ended because their viewer took back the authorization.", ended)
