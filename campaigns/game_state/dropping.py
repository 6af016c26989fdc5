"""Ending a session from the portal, as somebody's deed: its connection is closed, and the audit trail knows who and why (S5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.game_state.storing import end_session
from campaigns.models import GameSession
from campaigns.rules.game_state.codes import ENDED_DROPPED
from portal import audit
from portal.models import User


def drop_session(*, session: GameSession, actor: User, reason: str, now: datetime) -> bool:
    """End a session; its gateway closes the connection within seconds. False: it was over already, nothing is changed."""
    with transaction.atomic():
        if not end_session(session_id=session.pk, code=ENDED_DROPPED, now=now):
            return False
        audit.record(
            actor=actor,
            action="dropped game session",
            obj=session,
            organization=session.organization,
            before={"ended_at": None},
            after={"ended_at": now.isoformat()},
            reason=reason,
            now=now,
        )
    return True
