"""What all webhooks share: reading a body up to a limit, and answering in one sentence (P1)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError

RETRY_AFTER_SECONDS = 30


class TooLarge(Exception):
    """The body has more bytes than are accepted. No more than that was read."""


def answer(status: int, message: str) -> HttpResponse:
    """Return a refusal that says in one sentence what was wrong."""
    response = JsonResponse({"message": message}, status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def read_body(request: HttpRequest, *, limit: int) -> bytes:
    """Return the body of at most ``limit`` bytes, also one sent in chunks without a length.

    Raises ``TooLarge``, ``UnreadablePostError``.
    """
    declared = request.META.get("CONTENT_LENGTH")
    if declared:
        if declared.isdecimal() and int(declared) > limit:
            raise TooLarge
        return request.body
    if not request.META.get("wsgi.input_terminated"):
        return b""
    # Django reads nothing without a length; the server that says so ends the stream where the chunks end.
    parts: list[bytes] = []
    missing = limit + 1
    stream = request.META["wsgi.input"]
    while missing > 0:
        try:
            part = stream.read(min(missing, 64 * 1024))
        except Exception as error:  # each server has classes of its own for chunks that are none
            raise UnreadablePostError(*error.args) from error
        if not part:
            return b"".join(parts)
        parts.append(part)
        missing -= len(part)
    raise TooLarge
