"""Who may see and do what in the admin (S1, I5): every registered page, every role, and strangers."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignReward,
    CampaignTester,
    Channel,
    ChannelOptOut,
    Game,
    GameEvent,
    GameName,
    GameRecording,
    GameSession,
    Heartbeat,
    HeartbeatSource,
    RegisteredIdentifier,
    Reward,
    Viewer,
)
from fulfillment.models import (
    Alert,
    AlertChannel,
    AlertRule,
    ApiClient,
    BulkOperation,
    ClaimEvent,
    CodePool,
    Delivery,
    DeliveryAttempt,
    Endpoint,
    EventDelivery,
    EventSubscription,
    KeptMessage,
    PlatformSubscription,
    Sweep,
    WebhookTally,
)
from portal import audit
from portal.ids import new_ulid
from portal.models import AuditEntry, Organization, PlatformCredential, User
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import (
    NOW,
    make_api_client,
    make_campaign,
    make_category,
    make_channel,
    make_claim,
    make_credential,
    make_endpoint,
    make_game,
    make_link,
    make_organization,
    make_reward,
    make_staff,
    make_viewer,
)
from tests.fulfillment.admin.event_rows import subscribe, tell
from tests.fulfillment.stock import make_codes
from tests.game_events import make_event_reward
from tests.game_sessions import make_game_event, make_game_session, make_gateway, make_recording
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

OF_PORTAL = [  # what this project registers; other apps' pages are the administrator's
    model
    for model in admin.site._registry
    if model._meta.app_label in ("portal", "campaigns", "linking", "fulfillment")
]
NAMES = [model._meta.label_lower for model in OF_PORTAL]


def populate(organization: Organization) -> None:
    """Make at least one row of every model that belongs to an organization."""
    game = make_game(organization, name=f"Secret game of {organization.slug}")
    make_category(game)
    GameName.objects.create(game=game, name="alias")
    endpoint = make_endpoint(game)
    credential = make_credential(organization)
    reward = make_reward(game, platform_ids={"kick": "R1"}, name=f"Secret reward of {organization.slug}")
    campaign = make_campaign(game, rewards=[reward], platform_ids={"kick": "C1"})
    channel = make_channel(organization)
    CampaignChannel.objects.create(campaign=campaign, channel=channel, listed_at=NOW)
    CampaignTester.objects.create(campaign=campaign, platform="kick", platform_user_id="7")
    ChannelOptOut.objects.create(channel=channel, game=game, started_at=NOW)
    link = make_link(game)
    claim = make_claim(organization, game=game, campaign=campaign, reward=reward, viewer=link.viewer)
    ClaimEvent.objects.create(claim=claim, at=NOW, from_state="received", to_state="waiting", actor_label="portal")
    delivery = Delivery.objects.create(claim=claim, game=game, created_at=NOW)
    DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=NOW, duration_ms=5)
    KeptMessage.objects.create(credential=credential, received_at=NOW, message_id="m1", problem="x", body=b"x")
    BulkOperation.objects.create(organization=organization, action="retry", total=1, created_at=NOW)
    WebhookTally.objects.create(credential=credential, hour=NOW, outcome="ok")
    Sweep.objects.create(credential=credential, started_at=NOW, finished_at=NOW)
    PlatformSubscription.objects.create(credential=credential, type="livestream.status.updated", subject="55")
    Alert.objects.create(organization=organization, rule="silence", subject="kick", opened_at=NOW, seen_at=NOW)
    AlertRule.objects.create(organization=organization, rule="silence")
    AlertChannel.objects.create(
        organization=organization, name=f"Channel of {organization.slug}", kind="email", address="a@example.org"
    )
    source = make_source(game, name=f"Source of {organization.slug}")
    beat(source, viewers=["1"], minute=NOW)
    make_identifier(organization)
    tell(subscribe(organization, name=f"Subscription of {organization.slug}"))
    make_api_client(organization, name=f"Client of {organization.slug}")
    session = make_game_session(game, [channel], session_key=f"Session of {organization.slug}")
    make_game_event(session, make_event_reward(campaign))
    make_recording(session, ("connect", {}))
    make_gateway()
    pool = CodePool.objects.create(organization=organization, reward=reward, name=f"Pool of {organization.slug}")
    make_codes(pool, 1)
    audit.record(actor=None, action="made", obj=endpoint, organization=organization, after={"a": 1}, now=NOW)


def make_identifier(organization: Organization) -> RegisteredIdentifier:
    credential = PlatformCredential.objects.filter(organization=organization).first()
    viewer = Viewer.objects.filter(organization=organization, identifiers=None).first() or make_viewer(organization)
    return RegisteredIdentifier.objects.create(
        credential=credential, viewer=viewer, wanted_at=NOW, due_at=NOW, attempts=1, last_error="status:422"
    )


@pytest.fixture
def organization() -> Organization:
    organization = make_organization()
    populate(organization)
    return organization


def named(model: type[Model], page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def pages_of(model: type[Model], pk: Any) -> list[str]:
    """Every address of one object, by name: change, delete, history, and the deeds that the page adds."""
    found = []
    for pattern in admin.site.get_model_admin(model).get_urls():
        if pattern.name and "object_id" in str(pattern.pattern):
            route: Any = pattern.pattern
            named_parts = {name: pk if name == "object_id" else "1" for name in route.converters}
            found.append(reverse(f"admin:{pattern.name}", kwargs=named_parts))
    return found


def object_of(model: type[Model]) -> Any:
    return model._default_manager.order_by("pk").first()


@pytest.mark.parametrize("model", OF_PORTAL, ids=NAMES)
def test_s1_what_a_member_of_another_organization_asks_for_does_not_exist(
    organization: Organization, model: type[Model]
) -> None:
    theirs = make_staff(organization) if model is User else object_of(model)
    assert theirs is not None, f"populate() makes no {model.__name__}"
    stranger = sign_in(make_staff(make_organization()))
    for address in pages_of(model, theirs.pk):
        # A page may lead on to another; what it leads to does not exist either.
        answers = {
            stranger.get(address, follow=True).status_code,
            stranger.post(address, {"post": "yes"}, follow=True).status_code,
        }
        assert answers == {404}, address
    model._default_manager.get(pk=theirs.pk)


@pytest.mark.parametrize("model", OF_PORTAL, ids=NAMES)
def test_i5_lists_choices_and_searches_show_the_active_organization_only(
    organization: Organization, model: type[Model]
) -> None:
    other = make_organization()
    stranger = sign_in(make_staff(other))
    answer = stranger.get(named(model, "changelist"))
    if answer.status_code == 403:
        assert model is User
        return
    listed = answer.context["cl"].queryset if "cl" in answer.context else model._default_manager.none()
    assert not listed.exclude(pk=other.pk).exists() if model is Organization else not listed.exists()
    assert f"of {organization.slug}" not in answer.content.decode()
    names = {pattern.name for pattern in admin.site.get_model_admin(model).get_urls()}
    if f"{model._meta.app_label}_{model._meta.model_name}_add" not in names:
        return  # a list whose rows come of themselves
    form = stranger.get(named(model, "add"))
    if form.status_code == 200:
        assert f"of {organization.slug}" not in form.content.decode()
        assert object_of(Game).pk not in form.content.decode()


AUTOCOMPLETES = [("campaigns", "campaignreward", "reward", 2), ("campaigns", "campaignchannel", "channel", 1)]


@pytest.mark.parametrize(("app", "model", "field", "own"), AUTOCOMPLETES)
def test_i5_autocompletes_are_scoped(organization: Organization, app: str, model: str, field: str, own: int) -> None:
    query = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    mine = sign_in(make_staff(organization)).get(reverse("admin:autocomplete"), query)
    theirs = sign_in(make_staff(make_organization())).get(reverse("admin:autocomplete"), query)
    assert len(mine.json()["results"]) == own
    assert theirs.json()["results"] == []


def test_i5_another_organizations_rows_cannot_be_put_into_a_form(organization: Organization) -> None:
    game = Game.objects.get()
    stranger = sign_in(make_staff(make_organization()))
    for model, values in [
        (Reward, {"game": game.pk, "name": "Stolen", "platform_ids-TOTAL_FORMS": 0, "platform_ids-INITIAL_FORMS": 0}),
        (Endpoint, {"game": game.pk, "mode": "pull", "concurrency": 1}),
        (Campaign, {"game": game.pk, "name": "Stolen", "time_zone": "UTC"}),
    ]:
        if model not in admin.site._registry:
            continue
        before = model._default_manager.count()
        answer = stranger.post(named(model, "add"), values)
        assert answer.status_code in (200, 403)
        assert model._default_manager.count() == before


def test_s1_who_has_no_organization_does_not_get_in(organization: Organization) -> None:
    member = make_staff(organization)
    member.memberships.all().delete()
    assert sign_in(member).get(reverse("admin:index")).status_code == 302


# The table S1 over the pages of what producers define: (list, change, add).
SEE, NO, EDIT = (200, "read", 403), (403, "none", 403), (200, "edit", 200)
MATRIX: dict[type[Model], dict[Role, tuple[int, str, int]]] = {
    Campaign: {Role.OWNER: EDIT, Role.PRODUCER: EDIT, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    Reward: {Role.OWNER: EDIT, Role.PRODUCER: EDIT, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    Game: {Role.OWNER: EDIT, Role.PRODUCER: EDIT, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    Channel: {Role.OWNER: EDIT, Role.PRODUCER: EDIT, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    Viewer: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    AuditEntry: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: NO},
    Organization: {Role.OWNER: (200, "edit", 403), Role.PRODUCER: NO, Role.SUPPORT: NO, Role.ANALYST: NO},
    HeartbeatSource: {Role.OWNER: EDIT, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    Heartbeat: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    GameSession: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    GameEvent: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    GameRecording: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    RegisteredIdentifier: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: SEE},
    PlatformCredential: {Role.OWNER: EDIT, Role.PRODUCER: NO, Role.SUPPORT: NO, Role.ANALYST: NO},
    EventSubscription: {Role.OWNER: EDIT, Role.PRODUCER: NO, Role.SUPPORT: NO, Role.ANALYST: NO},
    EventDelivery: {Role.OWNER: SEE, Role.PRODUCER: SEE, Role.SUPPORT: SEE, Role.ANALYST: NO},
    ApiClient: {Role.OWNER: EDIT, Role.PRODUCER: NO, Role.SUPPORT: NO, Role.ANALYST: NO},
    User: {Role.OWNER: NO, Role.PRODUCER: NO, Role.SUPPORT: NO, Role.ANALYST: NO},
}


def change_of(client: Client, model: type[Model], pk: Any) -> str:
    answer = client.get(named(model, "change", pk))
    if answer.status_code in (403, 404):
        return "none"
    assert answer.status_code == 200
    return "edit" if 'name="_save"' in answer.content.decode() else "read"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("model", list(MATRIX), ids=lambda model: model.__name__)
def test_s1_every_role_meets_the_pages_that_the_table_gives_it(
    organization: Organization, model: type[Model], role: Role
) -> None:
    member = make_staff(organization, role)
    client = sign_in(member)
    pk = member.pk if model is User else object_of(model).pk
    seen = (
        client.get(named(model, "changelist")).status_code,
        change_of(client, model, pk),
        client.get(named(model, "add"), follow=True).status_code,
    )
    assert seen == MATRIX[model][role]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ANALYST])
def test_s1_who_may_not_edit_cannot_post_either(organization: Organization, role: Role) -> None:
    client = sign_in(make_staff(organization, role))
    for model in (Campaign, Reward, Game, Channel):
        pk = object_of(model).pk
        assert client.post(named(model, "change", pk), {"name": "Changed"}).status_code == 403
        assert client.post(named(model, "delete", pk), {"post": "yes"}).status_code == 403
        assert client.post(named(model, "add"), {"name": "New"}).status_code == 403
    assert client.get(named(Campaign, "channel_import", object_of(Campaign).pk)).status_code == 403


def test_s1_analysts_see_viewers_masked(organization: Organization) -> None:
    viewer = Viewer.objects.get()
    Viewer.objects.filter(pk=viewer.pk).update(platform_user_id="123456789", login="longlogin", name="Longname")
    analyst = sign_in(make_staff(organization, Role.ANALYST))
    for address in (named(Viewer, "changelist"), named(Viewer, "change", viewer.pk)):
        text = analyst.get(address).content.decode()
        assert "12••••••" in text
        assert not [secret for secret in ("123456789", "longlogin", "Longname") if secret in text]
    assert analyst.get(named(Viewer, "history", viewer.pk)).status_code == 404
    found = analyst.get(named(Viewer, "changelist") + "?q=123456789").context["cl"].queryset
    assert not found.exists()
    assert "123456789" in sign_in(make_staff(organization)).get(named(Viewer, "changelist")).content.decode()


def offer_of(organization: Organization) -> CampaignReward:
    return CampaignReward.objects.get(campaign__organization=organization, rule="game_event")


LISTS = [
    (
        Campaign,
        lambda o: make_campaign(
            o.games.first(),
            rewards=[make_reward(o.games.first())],
            platform_ids={"kick": str(Campaign.objects.count() + 9)},
        ),
    ),
    (Reward, lambda o: make_reward(o.games.first(), platform_ids={"kick": str(Reward.objects.count() + 9)})),
    (Game, lambda o: make_category(make_game(o))),
    (Channel, make_channel),
    (Viewer, lambda o: make_link(o.games.first())),
    (HeartbeatSource, lambda o: beat(make_source(o.games.first()), viewers=["1"], minute=NOW)),
    (Heartbeat, lambda o: beat(HeartbeatSource.objects.get(), viewers=["1"], minute=NOW, broadcaster=new_ulid())),
    (RegisteredIdentifier, make_identifier),
    (GameSession, lambda o: make_game_session(o.games.first(), [make_channel(o), make_channel(o)])),
    (GameEvent, lambda o: make_game_event(make_game_session(o.games.first(), [make_channel(o)]), offer_of(o))),
    (GameRecording, lambda o: make_recording(make_game_session(o.games.first()), ("connect", {}))),
    (AuditEntry, lambda o: audit.record(actor=None, action="x", obj=o, organization=o, after={"a": 1})),
    (PlatformCredential, lambda o: PlatformCredential.objects.exists()),
]


@pytest.mark.parametrize(("model", "make"), LISTS, ids=[model.__name__ for model, _ in LISTS])
def test_a_list_needs_as_many_queries_for_twenty_rows_as_for_one(
    organization: Organization, model: type[Model], make: Any
) -> None:
    owner = sign_in(make_staff(organization))
    owner.get(named(model, "changelist"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        owner.get(named(model, "changelist"))
    for _ in range(19):
        make(organization)
    with CaptureQueriesContext(connection) as twenty:
        answer = owner.get(named(model, "changelist"))
    assert answer.status_code == 200
    assert len(twenty) == len(one), "\n".join(query["sql"] for query in twenty.captured_queries)
