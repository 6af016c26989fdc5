"""The game backend: the address that deliveries go to, and the page that tells it how to answer."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.sandbox.connections import close_connection
from portal.sandbox.forms import BackendForm
from portal.sandbox.game import Delivery, receive, record
from portal.sandbox.models import (
    BackendMode,
    GameBackend,
    GrantedItem,
    ReceivedDelivery,
)

LISTED = 50
HUGE_BYTES = 10 * 1024**3
CHUNK = b"x" * 65536


def _delivery(request: HttpRequest) -> Delivery:
    return Delivery(
        message_id=request.headers.get("webhook-id", ""),
        timestamp=request.headers.get("webhook-timestamp", ""),
        signature_header=request.headers.get("webhook-signature", ""),
        body=request.body,
    )


@csrf_exempt
@require_POST
def deliveries(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Receive one delivery, then answer as the game was told to."""
    backend = get_object_or_404(GameBackend, slug=slug)
    verdict = receive(backend=backend, delivery=_delivery(request), now=timezone.now())
    if verdict.status:
        return JsonResponse({"error": verdict.note}, status=verdict.status)
    return _answer(request, backend)


@csrf_exempt
def redirected(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the redirect leads: whoever comes here followed it, which a sender of deliveries must not."""
    backend = get_object_or_404(GameBackend, slug=slug)
    note = "The sender followed the redirect. It should not have."
    record(
        backend=backend,
        delivery=_delivery(request),
        verified=False,
        note=note,
        answered="204",
        now=timezone.now(),
    )
    return HttpResponse(status=204)


def _answer(request: HttpRequest, backend: GameBackend) -> HttpResponseBase:
    mode = backend.mode
    if mode in (BackendMode.SERVER_ERROR, BackendMode.NOT_FOUND, BackendMode.GONE):
        return JsonResponse({"error": f"The game was told to answer {mode}."}, status=int(mode))
    if mode == BackendMode.TOO_MANY:
        busy = JsonResponse({"error": "Too many requests."}, status=429)
        busy["Retry-After"] = str(backend.seconds)
        return busy
    if mode == BackendMode.REDIRECT:
        moved = HttpResponse(status=307)
        moved["Location"] = f"/game/{backend.slug}/redirected"
        return moved
    if mode == BackendMode.HUGE:
        return StreamingHttpResponse(_huge_body(), content_type="text/plain")
    if mode in (BackendMode.SLOW, BackendMode.HANG):
        time.sleep(backend.seconds)
    if mode in (BackendMode.HANG, BackendMode.CLOSE):
        close_connection(request)
    return HttpResponse(status=204)


def _huge_body() -> Iterator[bytes]:
    for _ in range(HUGE_BYTES // len(CHUNK)):
        yield CHUNK


@require_GET
def games(request: HttpRequest) -> HttpResponse:
    """The games; with only one, straight to it."""
    backends = list(GameBackend.objects.order_by("slug"))
    if len(backends) == 1:
        return redirect("game", slug=backends[0].slug)
    return render(request, "games.html", {"backends": backends})


@require_http_methods(["GET", "POST"])
def game(request: HttpRequest, slug: str) -> HttpResponse:
    """What players have, what arrived, and how the game answers."""
    backend = get_object_or_404(GameBackend, slug=slug)
    form = BackendForm(request.POST or None, instance=backend)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"The game now answers so: {BackendMode(backend.mode).label}.")
        return redirect("game", slug=slug)
    items = GrantedItem.objects.filter(backend_id=slug)
    received = ReceivedDelivery.objects.filter(backend_id=slug)
    context = {
        "backend": backend,
        "form": form,
        "url": request.build_absolute_uri(f"/game/{slug}/deliveries"),
        "items": items.order_by("-pk")[:LISTED],
        "item_count": items.count(),
        "received": received.order_by("-pk")[:LISTED],
        "received_count": received.count(),
        "listed": LISTED,
    }
    return render(
        request,
        "game.html",
        context,
        status=400 if request.method == "POST" else 200,
    )


@require_POST
def empty(request: HttpRequest, slug: str) -> HttpResponse:
    """Take all items away and forget all requests. A delivery repeated later is then given again."""
    backend = get_object_or_404(GameBackend, slug=slug)
    GrantedItem.objects.filter(backend=backend).delete()
    ReceivedDelivery.objects.filter(backend=backend).delete()
    messages.success(request, "The players' items and the list of requests are empty now.")
    return redirect("game", slug=slug)


@require_GET
def state(_request: HttpRequest, slug: str) -> JsonResponse:
    """Everything the game remembers, for programs: items, and requests in the order they came."""
    backend = get_object_or_404(GameBackend, slug=slug)
    items = GrantedItem.objects.filter(backend=backend).order_by("pk")
    received = ReceivedDelivery.objects.filter(backend=backend).order_by("pk")
    content = {
        "mode": backend.mode,
        "items": list(items.values("message_id", "player_id", "item")),
        "requests": list(received.values("message_id", "times_seen", "verified", "note", "answered", "body")),
    }
    return JsonResponse(content)
