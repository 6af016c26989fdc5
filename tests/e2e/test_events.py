"""Outgoing events, from the owner's keyboard to a receiver and back: subscribe, see them arrive, fail, and be sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook

from tests.e2e.keyboard import press, write
from tests.e2e.people import Producer, Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for
from tests.loopback import Connection, LoopbackServer, Request, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NewViewer = Callable[..., Viewer]


class Receiver:
    """A partner's server: it answers with ``status``, and knows what it was sent."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.status = 200

    def told(self, kind: str) -> list[Request]:
        """The requests that told of one kind of event, oldest first; test events apart."""
        found = []
        for request in self.server.requests:
            body = json.loads(request.body)
            if body["type"] == kind and not body.get("test"):
                found.append(request)
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on loopback."""
    here: list[Receiver] = []

    def answer(connection: Connection, request: Request) -> None:
        connection.reply(here[0].status, b"noted" if here[0].status < 400 else b"not now")

    with serving(answer) as server:
        here.append(Receiver(server))
        yield here[0]


def subscribe(page: Page, url: str) -> str:
    """From the empty list make a subscription by keys and return its secret; ends on its page."""
    expect(page.locator("body")).to_contain_text("Nobody is told of anything yet")
    press(page, page.get_by_role("link", name="Add event subscription").first)
    write(page, page.get_by_label("Name"), "Loyalty programme")
    write(page, page.get_by_label("Address"), url)
    for kind in ("claim.delivered", "claim.failed"):
        press(page, page.locator(f"input[value='{kind}']"), "Space")
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("body")).to_contain_text("Copy it now: it is shown this once.")
    secret = page.locator("code.drops-copy").inner_text()
    press(page, page.get_by_role("link", name="I have copied it"))
    expect(page.locator(".drops-panel").first).to_contain_text("at work")
    return secret


def try_it(page: Page, receiver: Receiver, secret: str) -> None:
    """Send a test event by keys; ends on the subscription's page."""
    press(page, page.get_by_role("link", name="Send a test event …"))
    press(page, page.get_by_role("button", name="Send it"))
    expect(page.locator("#content").get_by_role("status")).to_contain_text("The address accepted the test event.")
    sent = receiver.server.requests[-1]
    Webhook(secret).verify(sent.body, sent.headers)
    assert json.loads(sent.body)["test"] is True
    press(page, page.get_by_role("link", name="Back to the subscription"))


def state_of(producer: Producer, text: str) -> str:
    """Return what the log says of the events that a text finds."""
    producer.open(f"fulfillment/eventdelivery/?q={text}")
    return producer.page.locator("#result_list").inner_text().lower()


def claim_of(request: Request) -> Any:
    return json.loads(request.body)["data"]["claim_id"]


def test_d5_events_arrive_signed_and_one_that_was_refused_is_sent_again_by_keyboard_alone(
    portal: RunningPortal, sandbox: Sandbox, producer: Producer, new_viewer: NewViewer, receiver: Receiver
) -> None:
    page, viewer = producer.page, new_viewer()
    producer.open("fulfillment/eventsubscription/")
    secret = subscribe(page, f"{receiver.server.url}/events")
    its_page = page.url
    try_it(page, receiver, secret)

    user_id = sandbox.add_user("kick", viewer.name)
    viewer.sign_up()
    viewer.link("kick", user_id)
    sandbox.claim("kick", user_id, "Comet banner")
    told = wait_for(lambda: receiver.told("claim.delivered"), seconds=15, what="the event arrives")[0]
    Webhook(secret).verify(told.body, told.headers)
    assert json.loads(told.body)["data"]["viewer"]["platform_user_id"] == user_id
    wait_for(lambda: "delivered" in state_of(producer, claim_of(told)), seconds=10, what="the log says delivered")

    receiver.status = 410
    sandbox.claim("kick", user_id, "Dawn blade")
    refused = wait_for(lambda: receiver.told("claim.delivered")[1:], seconds=15, what="the second is told")[0]
    wait_for(lambda: "failed" in state_of(producer, claim_of(refused)), seconds=10, what="the log says failed")
    press(page, page.locator("#result_list th a, #result_list td a").first)
    expect(page.locator(".drops-panel").first).to_contain_text("the address refused it for good")
    expect(page.locator("body")).to_contain_text("not now")

    receiver.status = 200
    press(page, page.get_by_role("button", name="Send again"))
    expect(page.locator("body")).to_contain_text("It is sent again, with all attempts anew.")
    again = wait_for(lambda: receiver.told("claim.delivered")[2:], seconds=15, what="it is told again")[0]
    assert again.headers["webhook-id"] == refused.headers["webhook-id"], "D2: known by the same id"
    assert again.body == refused.body
    wait_for(lambda: "failed" not in state_of(producer, claim_of(refused)), seconds=10, what="it has arrived")

    replay_everything(page, producer, receiver)
    page.goto(its_page)
    press(page, page.get_by_label("Enabled"), "Space")
    press(page, page.get_by_role("button", name="Save and continue editing"))
    expect(page.locator(".drops-panel").first).to_contain_text("switched off")


def replay_everything(page: Page, producer: Producer, receiver: Receiver) -> None:
    """Have everything since an hour ago sent again, by keys: the count first, then the progress."""
    producer.open("fulfillment/eventdelivery/")
    press(page, page.get_by_role("link", name="Send all since a time again …"))
    which = page.get_by_label("Which")
    press(page, which, "ArrowDown")
    expect(which.locator("option:checked")).to_contain_text("Everything")
    press(page, page.get_by_role("button", name="Count them"))
    expect(page.locator("body")).to_contain_text("2 of the chosen events can be sent again.")
    write(page, page.get_by_label("Reason"), "The programme lost its database.")
    press(page, page.get_by_role("button", name="Send 2 events again"))
    expect(page.locator("#content").get_by_role("status")).to_contain_text("finished", timeout=45_000)
    wait_for(lambda: len(receiver.told("claim.delivered")) == 5, seconds=15, what="both are told again")
