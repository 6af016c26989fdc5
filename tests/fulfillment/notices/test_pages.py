"""The pages of notices as their reader meets them: list, reading, choosing what comes by e-mail, stopping it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.hooks import call_rewards_earned
from fulfillment.claims import hold_claims
from fulfillment.models import Claim, Notice, NoticePreference
from fulfillment.notices import reading
from fulfillment.notices.preferences import unsubscribe_url
from fulfillment.notices.reading import PAGE_SIZE
from fulfillment.rules.notices import Group, Kind
from linking.links import end_link
from linking.models import Link
from tests.factories import NOW, make_user, make_viewer
from tests.fulfillment.notices.people import Person, by_mail, settle
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def client(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def tell(user: Any, count: int, **fields: Any) -> list[Notice]:
    start = Notice.objects.count()
    rows = [
        Notice(user=user, **{"kind": "linked", "key": f"linked:{start + n}", "created_at": NOW, **fields})
        for n in range(count)
    ]
    return Notice.objects.bulk_create(rows)


def test_the_page_says_what_happened_what_it_means_and_where_to_go_on(person: Person, client: Client) -> None:
    link = person.link()
    claim = person.claim()
    settle()
    page = text_of(client.get("/notices/"))
    assert f"New: Comet banner is on its way On its way {person.game.name} · First light" in page
    assert "Your reward is on its way to" in page and "Look into your mailbox." in page
    assert f"Rewards of your Kick account {person.viewer.name} now go to the game account {person.player.name}" in page
    assert f'href="/inventory/{claim.pk}/"' in client.get("/notices/").content.decode()
    end_link(link=link, reason=Link.EndReason.REVOKED, now=LATER)
    page = text_of(client.get("/notices/"))
    assert "The platform says that you took back your consent there." in page
    assert f"/connect/{person.organization.slug}/{person.game.slug}/" in client.get("/notices/").content.decode()


def test_each_kind_has_words_of_its_own(person: Person, client: Client) -> None:
    person.link()
    call_rewards_earned([person.earn()])
    claim = person.claim(1)
    settle()
    hold_claims(claim_ids=[claim.pk], actor=make_user(), now=LATER, reason="look")
    fields = {"game": person.game, "campaign": person.campaign, "campaign_reward": person.place()}
    tell(person.user, 1, kind="expiring", **fields)
    tell(person.user, 1, kind="eligible", campaign=person.campaign, game=person.game)
    tell(person.user, 1, kind="delivered", claim=claim, **fields)
    tell(person.user, 1, kind="lapsed", game=person.game)
    for state, reason in (("waiting", "not_linked"), ("failed", "rejected"), ("abandoned", "abandoned_by_staff")):
        tell(person.user, 1, kind="attention", claim=claim, **fields, parameters={"state": state, "reason": reason})
    page = text_of(client.get("/notices/"))
    for words in (
        "You earned Comet banner",
        "Claim until",
        "Dawn blade is on hold",
        "Comet banner can soon no longer be claimed",
        "You can take part in First light",
        "Comet banner was delivered",
        "Comet banner waits for your link",
        "Comet banner could not be delivered yet",
        "Your claim of Comet banner was closed",
        "Connect your account again",
    ):
        assert words in page
    assert set(Notice.objects.values_list("kind", flat=True)) == {kind.value for kind in Kind} - {"unlinked"}


def test_a_reminder_of_a_claim_that_waits_says_that_it_is_kept(person: Person, client: Client) -> None:
    parameters = {"state": "waiting", "reason": "not_linked", "reminder": "72h"}
    tell(person.user, 1, kind="attention", game=person.game, parameters=parameters)
    assert "What you have claimed is kept beyond that, too." in text_of(client.get("/notices/"))


def test_f8_what_a_notice_is_about_may_be_erased_or_gone(person: Person, client: Client) -> None:
    from fulfillment.erasure import erase_viewer

    person.link()
    kept = tell(person.user, 1, kind="linked", link=Link.objects.get())  # one that names no viewer, as none does
    for kind in Kind:
        tell(person.user, 1, kind=kind.value)
    tell(person.user, 1, kind="attention", parameters={"state": "no such state", "reason": "no such code"})
    name, user_id = person.viewer.name, person.viewer.platform_user_id
    erase_viewer(viewer=person.viewer, actor=make_user(), reason="asked", now=LATER)
    Notice.objects.filter(pk=kept[0].pk).update(claim_id="gone", campaign_reward_id="gone", game_id="gone")
    page = text_of(client.get("/notices/"))
    assert "A platform account was linked to your game account." in page
    assert name not in page and user_id not in page and "erased" not in page


def test_c8_a_notice_of_a_test_campaign_says_so(person: Person, client: Client) -> None:
    person.campaign.test_mode = True
    person.campaign.save()
    tell(person.user, 1, kind="earned", game=person.game, campaign=person.campaign, campaign_reward=person.place())
    assert "First light · Test" in text_of(client.get("/notices/"))


def test_the_empty_page_says_what_will_be_here(client: Client) -> None:
    page = text_of(client.get("/notices/"))
    assert "No notices yet" in page and "Mark all as read" not in page
    assert Client().get("/notices/")["Location"] == "/accounts/login/?next=/notices/"


def test_one_reads_only_what_was_told_to_oneself(person: Person, client: Client) -> None:
    tell(make_user(), 2)
    assert "No notices yet" in text_of(client.get("/notices/"))


def test_a_claim_that_is_no_longer_theirs_is_not_led_to(person: Person, client: Client) -> None:
    person.link()
    claim = person.claim()
    settle()
    other = make_viewer(person.organization)
    Claim.objects.filter(pk=claim.pk).update(state="waiting", player=None, link=None, viewer=other)
    assert f"/inventory/{claim.pk}/" not in client.get("/notices/").content.decode()


def test_the_header_says_how_many_are_unread_in_words_and_asks_once(person: Person, client: Client) -> None:
    assert "unread" not in text_of(client.get("/connections/"))
    tell(person.user, 3)
    assert "Notices 3 ( 3 unread )" in text_of(client.get("/connections/")).replace("(3 unread)", "( 3 unread )")
    with CaptureQueriesContext(connection) as few:
        client.get("/connections/")
    tell(person.user, 200)
    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get("/connections/"))
    assert "(99+ unread)" in page and len(few) == len(many)
    assert sum("fulfillment_notice" in query["sql"] for query in many) == 1


def test_nobody_signed_in_and_the_admin_ask_for_no_notices() -> None:
    staff = make_user(is_staff=True, is_superuser=True)
    admin = Client()
    admin.force_login(staff)
    for asking, address in ((Client(), "/"), (Client(), "/accounts/login/"), (admin, "/admin/")):
        with CaptureQueriesContext(connection) as queries:
            assert asking.get(address).status_code == 200
        assert not [query for query in queries if "fulfillment_notice" in query["sql"]]


def test_all_that_was_shown_is_marked_as_read_and_what_came_since_is_not(person: Person, client: Client) -> None:
    by_mail(person.user)
    first = tell(person.user, 3, email_due_at=LATER)
    page = client.get("/notices/").content.decode()
    (newest,) = re.findall(r'name="up_to" value="(\d+)"', page)
    later = tell(person.user, 1)
    answer = client.post("/notices/read/", {"up_to": newest}, follow=True)
    assert "3 notices are marked as read." in text_of(answer)
    assert Notice.objects.filter(pk__in=[n.pk for n in first], read_at=None).count() == 0
    assert Notice.objects.get(read_at=None).pk == later[0].pk
    assert not Notice.objects.filter(email_due_at__isnull=False).exists()  # what was read is not sent as well
    assert text_of(answer).count("New:") == 1


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 40, "１２", "0"])
def test_a_mark_without_a_sound_number_marks_nothing(person: Person, client: Client, value: str) -> None:
    tell(person.user, 1)
    assert client.post("/notices/read/", {"up_to": value}).status_code == 302
    assert client.get("/notices/", {"before": value}).status_code == 200
    assert Notice.objects.filter(read_at=None).exists()


def test_marking_needs_a_form_of_ours_and_a_person(person: Person) -> None:
    assert Client().post("/notices/read/", {"up_to": 1})["Location"].startswith("/accounts/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person.user)
    assert strict.post("/notices/read/", {"up_to": 1}).status_code == 403
    assert strict.get("/notices/read/").status_code == 405


def test_many_notices_come_in_pages_in_as_many_queries_as_few(person: Person, client: Client) -> None:
    counts = []
    person.link()
    claim = person.claim()
    settle()
    fields = {"claim": claim, "game": person.game, "campaign": person.campaign, "campaign_reward": person.place()}
    for more in (0, 19):
        tell(person.user, more, kind="delivered", **fields)
        with CaptureQueriesContext(connection) as queries:
            client.get("/notices/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    tell(person.user, PAGE_SIZE)
    first = client.get("/notices/")
    (older,) = re.findall(r"\?before=(\d+)", first.content.decode())
    second = client.get("/notices/", {"before": older})
    shown = [notice.id for page in (first, second) for notice in page.context["notices"]]
    assert shown == list(Notice.objects.order_by("-pk").values_list("pk", flat=True))
    assert "Newest notices" in text_of(second) and "Earlier notices" not in text_of(second)
    assert "There are no earlier notices." in text_of(client.get("/notices/", {"before": 1}))


def test_nothing_comes_by_mail_unless_chosen_and_the_choice_is_kept(person: Person, client: Client) -> None:
    EmailAddress.objects.create(user=person.user, email=person.user.email, verified=True, primary=True)
    page = client.get("/notices/preferences/").content.decode()
    assert " checked" not in page and person.user.email in page
    assert not NoticePreference.objects.exists()
    done = client.post("/notices/preferences/", {"links": "on", "deliveries": "on"}, follow=True)
    assert "Your choice is saved." in text_of(done)
    assert done.content.decode().count(" checked") == 2
    row = NoticePreference.objects.get()
    assert (row.links, row.earned, row.deliveries, row.language) == (True, False, True, "en")
    key = row.unsubscribe_key
    client.post("/notices/preferences/", {})
    row = NoticePreference.objects.get()
    assert (row.links, row.deliveries, row.unsubscribe_key) == (False, False, key)


def test_switching_a_group_off_takes_back_what_was_about_to_be_sent(person: Person, client: Client) -> None:
    by_mail(person.user)
    tell(person.user, 1, kind="linked", email_due_at=LATER)
    tell(person.user, 1, kind="delivered", email_due_at=LATER)
    client.post("/notices/preferences/", {"links": "on"})
    assert list(Notice.objects.filter(email_due_at__isnull=False).values_list("kind", flat=True)) == ["linked"]


def test_the_page_says_what_is_missing_before_anything_can_be_sent(person: Person, client: Client) -> None:
    page = text_of(client.get("/notices/preferences/"))
    assert "This account has no e-mail address" in page and "Add an e-mail address" in page
    EmailAddress.objects.create(user=person.user, email="new@example.org", verified=False, primary=True)
    page = text_of(client.get("/notices/preferences/"))
    assert "Nothing is sent to new@example.org until you open the link" in page and "Verify your address" in page
    answer = text_of(client.post("/notices/preferences/", {"links": "on"}, follow=True))
    assert "Nothing is sent until your e-mail address is verified." in answer


def token_of(person: Person) -> str:
    return unsubscribe_url(NoticePreference.objects.get(user=person.user)).split("/notices/")[1]


def test_one_click_stops_all_mail_without_a_session_and_looking_changes_nothing(person: Person) -> None:
    preference = by_mail(person.user)
    tell(person.user, 1, email_due_at=LATER)
    address = f"/notices/{token_of(person)}"
    anybody = Client(enforce_csrf_checks=True)
    for _ in range(3):
        page = text_of(anybody.get(address))
    assert "Stop e-mail about your rewards?" in page
    preference.refresh_from_db()
    assert preference.links
    done = anybody.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert done.status_code == 200 and "No more e-mail" in text_of(done)
    preference.refresh_from_db()
    assert not any(getattr(preference, group.value) for group in Group)
    assert not Notice.objects.filter(email_due_at__isnull=False).exists()
    assert anybody.post(address).status_code == 200  # once more, as mail programs do


def test_an_unsubscribe_link_says_nothing_about_anybody_and_works_after_the_person_is_gone(person: Person) -> None:
    by_mail(person.user)
    address = f"/notices/{token_of(person)}"
    for personal in (person.user.username, person.user.email, person.user.public_id, person.viewer.pk):
        assert personal not in address
    person.user.delete()
    assert Client().post(address).status_code == 200


def test_s4_what_is_no_token_changes_nothing_is_not_logged_and_soon_refused(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    preference = by_mail(person.user)
    others = [
        preference.unsubscribe_key,
        signing.Signer(sep=".").sign(preference.unsubscribe_key),
        signing.Signer(salt="another", sep=".").sign(preference.unsubscribe_key),
        f"{preference.unsubscribe_key}.{'A' * 43}",
        "%00",
    ]
    for other in others:
        answer = Client().post(f"/notices/unsubscribe/{other}/")
        assert answer.status_code == 404 and "This link does not work" in text_of(answer)
    preference.refresh_from_db()
    assert preference.links
    answers = [Client().get("/notices/unsubscribe/guess/").status_code for _ in range(20)]
    assert answers[-1] == 429
    assert Client().post(f"/notices/{token_of(person)}").status_code == 200  # a sound one is not kept out by others
    assert preference.unsubscribe_key not in caplog.text and "guess" not in caplog.text


def test_s4_one_token_is_not_used_without_end(person: Person) -> None:
    by_mail(person.user)
    address = f"/notices/{token_of(person)}"
    assert [Client().post(address).status_code for _ in range(21)].count(200) == 20


def test_i1_a_token_opens_nothing_else(person: Person) -> None:
    by_mail(person.user)
    stranger = Client()
    stranger.post(f"/notices/{token_of(person)}")
    assert stranger.get("/notices/").status_code == 302
    assert "sessionid" not in stranger.cookies and not stranger.session.get("_auth_user_id")


def test_counting_stops_at_what_is_shown(person: Person) -> None:
    tell(person.user, reading.MOST_COUNTED + 5)
    assert reading.count_unread(person.user) == reading.MOST_COUNTED
