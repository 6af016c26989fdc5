"""Kick's claims: list them, and set their status (Kick, Drops, Public API) (A1 to A5, D3)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from fulfillment.api.kick.asking import Update, read_parameters, read_updates
from fulfillment.api.kick.base import KickView, enveloped
from fulfillment.api.kick.reading import completing_texts, list_claims
from fulfillment.api.kick.shape import INITIATED, PROCESSED
from fulfillment.api.problems import Problem
from fulfillment.fulfilling import Answer, Said, say
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE

_WHY = {
    Answer.UNKNOWN: "no such claim",
    Answer.NOT_NOW: "not possible in its state",
    Answer.READ_ONLY: "its game is delivered to by push, so that the portal marks it",
}


class Claims(KickView):
    """The claims of the token's organization, or with a player's token of that player alone."""

    http_method_names = ["get", "head", "patch", "options"]
    scopes = {"GET": CLAIMS_READ, "PATCH": CLAIMS_WRITE}

    def get(self, request: Request) -> HttpResponse:
        """List claims in the order in which they became visible."""
        return enveloped(list_claims(self.caller, read_parameters(request.query_params)))

    def patch(self, request: Request) -> HttpResponse:
        """Set the status of 1 to 100 claims. 204 if all are set; else those that can be are, and the others named."""
        updates = read_updates(self.json_body(request))
        completing = completing_texts(self.caller)
        answers = say(
            caller=self.caller,
            shape=self.shape,
            sayings=[said(update, completing) for update in updates],
            now=timezone.now(),
        )
        if any(answer is not Answer.DONE for answer in answers.values()):
            raise not_updated(answers)
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        del response["Content-Type"]
        return response


def said(update: Update, completing: frozenset[str]) -> Said:
    """Return what a status says of a claim (A5). Kick's own two words need not be kept: the state shows them."""
    status = update.external_status
    fulfilled = status == PROCESSED or status in completing
    return Said(update.claim_id, fulfilled=fulfilled, text="" if status in (PROCESSED, INITIATED) else status)


def not_updated(answers: Mapping[str, Answer]) -> Problem:
    """Return the refusal that names what was not updated: 404 if some of it does not exist, else 409.

    Kick documents no result for each claim and no status for this; a client that repeats the call does no harm.
    """
    parts = []
    for answer, why in _WHY.items():
        ids = [claim_id for claim_id, given in answers.items() if given is answer]
        if ids:
            parts.append(f"{', '.join(ids)} ({why})")
    unknown = Answer.UNKNOWN in answers.values()
    status = HTTPStatus.NOT_FOUND if unknown else HTTPStatus.CONFLICT
    return Problem(status, f"Not updated: {'; '.join(parts)}. All others were.")
