"""Erasing a person on request (F8): tombstones for identifiers wherever they are, in one transaction; totals remain.

What was delivered keeps its slot under a marker that the same account gives again, so that a person who comes back is not
given it twice (docs/decisions/0004-erasure.md). What was not delivered is closed: there is nobody to deliver to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.erasing import channel_known_by_viewing, erase_viewing, registrations_of
from campaigns.game_state.erasing import erase_from_game_state
from campaigns.models import CampaignTester, Viewer
from campaigns.returning import viewer_tombstone
from fulfillment.events.personal import erase_events_about
from fulfillment.former_names import former_names_of
from fulfillment.freeing import free_codes, free_places, untie_codes
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.marks import mark_duplicates
from fulfillment.models import BulkOperation, Claim, ClaimEvent, Delivery, DeliveryAttempt, KeptMessage
from fulfillment.notices.personal import notices_about_player, notices_about_viewer
from fulfillment.oauth.tokens import end_tokens_without_account
from fulfillment.outbox import withdraw
from fulfillment.people.notes import erase_notes, notes_about
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State, permitted
from fulfillment.viewers import register_viewers
from linking.authorizing.watching import forget
from linking.erasure import end_links_of, erase_player_row, remove_game_user
from linking.models import Link, Player
from linking.returning import player_tombstone
from portal import audit
from portal.models import Organization, User
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence
from portal.tombstones import ERASED, Eraser, is_tombstone

_UNDELIVERED = tuple(state.value for state in State if permitted(state, State.ABANDONED))


class ErasureRefused(Exception):
    """Nothing was erased; ``sentence`` says why and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(slots=True)
class Erasure:
    """How much was erased, or would be: rows of each kind. All zero where the person was erased before."""

    links_ended: int = 0
    claims: int = 0
    claims_closed: int = 0
    deliveries: int = 0
    attempts: int = 0
    testers: int = 0
    notices: int = 0
    notes: int = 0
    identifiers: int = 0
    channels: int = 0
    messages: int = 0
    heartbeats: int = 0
    game_states: int = 0
    events: int = 0
    audit_entries: int = 0


def preview_viewer(viewer: Viewer) -> Erasure:
    """Count what :func:`erase_viewer` would touch, but for what it has to read through: messages, events,
    heartbeats, game state, the audit trail.
    """
    claims = _claims_of_viewer(viewer)
    return Erasure(
        links_ended=Link.objects.filter(viewer=viewer, ended_at=None).count(),
        testers=_tester_rows(viewer).count(),
        notices=notices_about_viewer(viewer).count(),
        notes=notes_about(viewers=[viewer.pk]).count(),
        identifiers=registrations_of(viewer).count(),
        channels=int(channel_known_by_viewing(viewer) is not None),
        **_counted(claims, closed=claims.filter(state__in=_UNDELIVERED)),
    )


def preview_player(player: Player) -> Erasure:
    """Count what :func:`erase_player` would touch, but for game state, events and the audit trail."""
    own = _own_viewer(player)
    claims = _claims_of_player(player, own)
    closed = claims.filter(state__in=_UNDELIVERED, attempted_at__isnull=False)
    links = Link.objects.filter(player=player, ended_at=None).count()
    told = notices_about_player(player).count()
    notes = notes_about(players=[player.pk]).count()
    found = Erasure(links_ended=links, notices=told, notes=notes, **_counted(claims, closed=closed))
    return _together(preview_viewer(own), found) if own else found


def erase_viewer(*, viewer: Viewer, actor: User | None, reason: str, now: datetime) -> Erasure:
    """Erase a viewer's identifiers, names and messages everywhere in the organization; end their links.

    Claims not delivered are closed, also those that wait. Doing it again changes nothing. Our own ids stay.

    Raises:
        ErasureRefused: a reward of theirs is being sent at this moment, or no reason was given.
    """
    reason = _demanded(reason)
    with transaction.atomic():
        claims = lock_claims(_claims_of_viewer(viewer).values_list("pk", flat=True))
        viewer = Viewer.objects.select_for_update(of=("self",)).select_related("organization").get(pk=viewer.pk)
        if is_tombstone(viewer.platform_user_id):
            return Erasure()
        # And what came in until the person could be locked: a grant by hand holds them while it makes its claim.
        claims = lock_claims(_claims_of_viewer(viewer).values_list("pk", flat=True))
        _refuse_under_way(claims)
        done = Erasure(claims=len(claims))
        done.identifiers = registrations_of(viewer).count()
        marker = viewer_tombstone((viewer.organization_id, viewer.platform, viewer.platform_user_id))
        former = former_names_of(viewers=[viewer.pk], players=())
        names = [viewer.login, viewer.name, *(claim.platform_user_name for claim in claims)]
        names += former.values_list("name", flat=True)
        eraser = Eraser({**dict.fromkeys(names, ERASED), viewer.platform_user_id: marker})
        links = list(Link.objects.filter(viewer=viewer).values_list("pk", flat=True))
        done.links_ended = end_links_of(Q(viewer=viewer), actor=actor, now=now)
        forget(viewer)
        done.claims_closed = _close(claims, actor=actor, now=now)
        _erase_claimant(claims, viewer, marker, eraser, done)
        done.testers = _tester_rows(viewer).update(platform_user_id=marker, note="")
        done.notices = notices_about_viewer(viewer).delete()[0]
        done.notes = erase_notes(person=viewer, eraser=eraser)
        former.delete()
        done.messages = _erase_kept_messages(viewer, eraser)
        viewing = erase_viewing(viewer=viewer, marker=marker, now=now)
        done.heartbeats, done.channels = viewing.heartbeats, len(viewing.channels)
        Viewer.objects.filter(pk=viewer.pk).update(platform_user_id=marker, login="", name="", user=None)
        objects = {
            "campaigns.viewer": [viewer.pk],
            "campaigns.channel": list(viewing.channels),
            "linking.link": links,
            "fulfillment.claim": [c.pk for c in claims],
        }
        _finish(viewer, viewer.organization, eraser, objects, done, actor=actor, reason=reason, now=now)
    return done


def erase_player(*, player: Player, actor: User | None, reason: str, now: datetime) -> Erasure:
    """Erase a game account's id and name everywhere in the organization; end its links.

    Claims that were never sent wait for their viewer's next link, as after any unlink (L6); those whose sending had begun
    are closed. Doing it again changes nothing. The platform accounts stay: they are erased as viewers. Not so the viewer
    of the studio's own player: that is this player (I2), and is erased with it.

    Raises:
        ErasureRefused: a reward of this player is being sent at this moment, or no reason was given.
    """
    reason = _demanded(reason)
    with transaction.atomic():
        # A grant by hand that is being made holds the player: what it makes is seen from here on.
        Player.objects.select_for_update(no_key=True, of=("self",)).get(pk=player.pk)
        own = _own_viewer(player) or _viewer_of_claims(player, now=now)
        first = erase_viewer(viewer=own, actor=actor, reason=reason, now=now) if own else Erasure()
        claims = lock_claims(_claims_of_player(player, own).values_list("pk", flat=True))
        locked = Player.objects.select_for_update(of=("self",)).select_related("game__organization", "user")
        player = locked.get(pk=player.pk)
        if is_tombstone(player.player_id):
            return Erasure()
        _refuse_under_way(claims)
        done = Erasure(claims=len(claims))
        former = former_names_of(viewers=(), players=[player.pk])
        names = [player.name, *former.values_list("name", flat=True), *_account_names(player)]
        identifiers = dict.fromkeys(names, ERASED)
        eraser = Eraser({**identifiers, player.player_id: player_tombstone(player.game_id, player.player_id)})
        links = list(Link.objects.filter(player=player).values_list("pk", flat=True))
        done.links_ended = end_links_of(Q(player=player), actor=actor, now=now)
        done.claims_closed = _close([c for c in claims if c.attempted_at is not None], actor=actor, now=now)
        _unbind([claim for claim in claims if claim.attempted_at is None], now=now)
        _erase_around_claims(claims, done)
        about = Q(player=player) | Q(viewer__in=Link.objects.filter(player=player).values("viewer"))
        claim_ids = {*Claim.objects.filter(about).values_list("pk", flat=True), *(claim.pk for claim in claims)}
        _erase_history(sorted(claim_ids), eraser)
        done.notices = notices_about_player(player).delete()[0]
        done.notes = erase_notes(person=player, eraser=eraser)
        former.delete()
        account = player.user
        objects = {
            "linking.player": [str(player.pk)],
            "linking.link": links,
            "fulfillment.claim": sorted(claim_ids),
        }
        erase_player_row(player)
        _finish(
            player,
            player.game.organization,
            eraser,
            objects,
            done,
            actor=actor,
            reason=reason,
            now=now,
            account=account,
        )
        if account is not None:
            end_tokens_without_account(account, player.game.organization)
            remove_game_user(account)
    return _together(first, done)


def _own_viewer(player: Player) -> Viewer | None:
    """Return the viewer of the studio's own player that this player is; None while another game has a player of its id."""
    same = Player.objects.filter(game__organization=player.game.organization_id, player_id=player.player_id)
    if same.exclude(pk=player.pk).exists():
        return None
    viewers = Viewer.objects.filter(organization=player.game.organization_id, platform=STUDIO.key)
    return viewers.filter(platform_user_id=player.player_id).first()


def _viewer_of_claims(player: Player, *, now: datetime) -> Viewer | None:
    """Make known the viewer of the studio's own player whose claims were not worked out even once, and return them, if any."""
    claims = Claim.objects.filter(
        organization=player.game.organization_id,
        platform=STUDIO.key,
        platform_user_id=player.player_id,
        viewer=None,
    )
    register_viewers(list(claims[:1]), now=now)
    return _own_viewer(player)


def _claims_of_player(player: Player, own: Viewer | None) -> QuerySet[Claim]:
    """Return a player's claims, but for those that go with the viewer who is this player."""
    claims = Claim.objects.filter(player=player)
    return claims.exclude(viewer=own) if own else claims


def _together(one: Erasure, other: Erasure) -> Erasure:
    return Erasure(**{name: count + getattr(other, name) for name, count in asdict(one).items()})


def _demanded(reason: str) -> str:
    if not reason.strip():
        raise ErasureRefused(Sentence(_("Give a reason: it is kept in the audit trail.")))
    return reason.strip()


def _refuse_under_way(claims: Sequence[Claim]) -> None:
    if any(claim.state == State.DELIVERING for claim in claims):
        raise ErasureRefused(
            Sentence(
                _("A reward of this person is being sent at this moment. Nothing was erased: try again in a minute.")
            )
        )


def _claims_of_viewer(viewer: Viewer) -> QuerySet[Claim]:
    """Return a viewer's claims, also those that were not worked out even once."""
    theirs = Q(organization=viewer.organization_id, platform=viewer.platform, platform_user_id=viewer.platform_user_id)
    return Claim.objects.filter(Q(viewer=viewer) | theirs)


def _tester_rows(viewer: Viewer) -> QuerySet[CampaignTester]:
    return CampaignTester.objects.filter(
        campaign__organization=viewer.organization_id,
        platform=viewer.platform,
        platform_user_id=viewer.platform_user_id,
    )


def _counted(claims: QuerySet[Claim], *, closed: QuerySet[Claim]) -> dict[str, int]:
    ids = claims.values("pk")
    return {
        "claims": claims.count(),
        "claims_closed": closed.count(),
        "deliveries": Delivery.objects.filter(claim__in=ids).exclude(body="").count(),
        "attempts": DeliveryAttempt.objects.filter(delivery__in=ids).count(),
    }


def _account_names(player: Player) -> list[str]:
    """Return what the player's own deeds are signed with in the trail."""
    return [str(player.user), player.user.get_username(), player.user.email] if player.user else []


def _close(claims: Sequence[Claim], *, actor: User | None, now: datetime) -> int:
    """Close what was not delivered. Bound to no player, it is never sent by mistake should somebody reopen it."""
    open_ = [claim for claim in claims if permitted(State(claim.state), State.ABANDONED)]
    holders = [claim for claim in open_ if claim.player_slot is not None or claim.viewer_slot is not None]
    move_claims([Move(claim, State.ABANDONED, Code.ERASED) for claim in open_], now=now, actor=actor)
    ids = [claim.pk for claim in open_]
    withdraw(ids)
    free_places(open_)
    free_codes(open_)
    Claim.objects.filter(pk__in=ids).update(
        player=None, link=None, player_slot=None, viewer_slot=None, resolve_at=None, staff_hold=False
    )
    mark_duplicates(holders, now=now)
    return len(open_)


def _erase_claimant(claims: Sequence[Claim], viewer: Viewer, marker: str, eraser: Eraser, done: Erasure) -> None:
    ids = [claim.pk for claim in claims]
    # Filled, not empty: what is empty a later arrival of the same claim would fill again (F1).
    Claim.objects.filter(pk__in=ids).update(
        viewer=viewer, platform_user_id=marker, platform_user_name=ERASED, raw=ERASED
    )
    _erase_around_claims(claims, done)
    _erase_history(ids, eraser)


def _unbind(claims: Sequence[Claim], *, now: datetime) -> None:
    """Take claims that were never sent away from their player at once: nothing may go out until they are worked out."""
    ready = [claim for claim in claims if claim.state == State.READY]
    move_claims([Move(claim, State.WAITING, Code.NOT_LINKED) for claim in ready], now=now)
    loose = [claim for claim in claims if claim.state not in (State.DELIVERED, State.CONFIRMED)]
    ids = [claim.pk for claim in loose]
    withdraw(ids)
    free_places(loose)
    Claim.objects.filter(pk__in=ids).update(player=None, link=None, player_slot=None, viewer_slot=None, resolve_at=now)
    mark_duplicates(loose, now=now)


def _erase_around_claims(claims: Sequence[Claim], done: Erasure) -> None:
    ids = [claim.pk for claim in claims]
    untie_codes(claims)
    # An empty body is written anew at the next attempt: what is over has none, and what was closed has no player.
    done.deliveries = Delivery.objects.filter(pk__in=ids).exclude(body="").update(body="")
    done.attempts = DeliveryAttempt.objects.filter(delivery__in=ids).update(answer="", error="")


def _erase_history(ids: Sequence[str], eraser: Eraser) -> None:
    """Take the identifiers out of what staff and partners wrote about these claims."""
    for event in ClaimEvent.objects.filter(claim__in=ids).exclude(detail="", actor_label="").order_by("pk"):
        detail, label = eraser.text(event.detail)[:500], eraser.text(event.actor_label)[:150]
        if (detail, label) != (event.detail, event.actor_label):
            ClaimEvent.objects.filter(pk=event.pk).update(detail=detail, actor_label=label)
    said = Claim.objects.filter(pk__in=ids).exclude(detail="", partner_status="")
    for pk, detail, status in said.values_list("pk", "detail", "partner_status"):
        if (eraser.text(detail), eraser.text(status)) != (detail, status):
            Claim.objects.filter(pk=pk).update(
                detail=eraser.text(detail)[:500], partner_status=eraser.text(status)[:100]
            )


def _erase_kept_messages(viewer: Viewer, eraser: Eraser) -> int:
    """Blank the unreadable messages of the platform that hold the viewer's id; leave the others as they came."""
    kept = KeptMessage.objects.filter(
        credential__organization=viewer.organization_id, credential__platform=viewer.platform
    )
    blanked = 0
    for message in kept.order_by("pk").iterator(chunk_size=20):
        text = bytes(message.body).decode("utf-8", "replace")
        if eraser.text(text) != text or eraser.text(message.problem) != message.problem:
            problem = eraser.text(message.problem)[:500]
            blanked += kept.filter(pk=message.pk).update(body=ERASED.encode(), problem=problem)
    return blanked


def _finish(
    person: Viewer | Player,
    organization: Organization,
    eraser: Eraser,
    objects: dict[str, list[str]],
    done: Erasure,
    *,
    actor: User | None,
    reason: str,
    now: datetime,
    account: User | None = None,
) -> None:
    """Erase from what was told of the person and what names people by words; write down that, by whom and why."""
    done.game_states = erase_from_game_state(organization_id=organization.pk, eraser=eraser)
    done.events = erase_events_about(set().union(*objects.values()), eraser, now=now)
    wide = eraser.only(audit.WIDE_SEARCH_LEAST)
    texts = ("reason", "decision_reason", "halt_reason")
    confirmed = BulkOperation.objects.filter(organization=organization, confirmed_at__isnull=False)
    for operation in confirmed.only(*texts).iterator():
        erased = {name: wide.text(getattr(operation, name))[:500] for name in texts}
        if any(getattr(operation, name) != text for name, text in erased.items()):
            BulkOperation.objects.filter(pk=operation.pk).update(**erased)
    done.audit_entries = audit.erase_identifiers(
        organization=organization,
        eraser=eraser,
        objects=objects,
        named={"campaigns.viewer", "campaigns.channel", "linking.player", "linking.link"},
        account=account,
    )
    person.refresh_from_db()
    audit.record(
        actor=actor,
        action="erased",
        obj=person,
        organization=organization,
        after=asdict(done),
        reason=eraser.text(reason),
        now=now,
    )
