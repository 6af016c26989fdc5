"""Serving the files kept in the database."""

from __future__ import annotations

from hashlib import sha256

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from portal.models.files import StoredFile


@login_not_required
@require_safe
def serve_media(request: HttpRequest, name: str) -> HttpResponseBase:
    """The stored file of this name, cached for ever: a name's content never changes. 404 if there is none.

    What is served was uploaded by people, so the browser is told to run nothing in it and to guess nothing.
    """
    row = StoredFile.objects.defer("content").filter(name=name).first()
    if row is None:
        raise Http404
    tag = sha256(f"{row.name} {row.size} {row.created_at.isoformat()}".encode()).hexdigest()[:32]
    response: HttpResponseBase | None = get_conditional_response(request, etag=f'"{tag}"')
    if response is None:
        body = b"" if request.method == "HEAD" else bytes(row.content)
        response = HttpResponse(body, content_type=row.content_type)
        response["Content-Length"] = str(row.size)
    response["ETag"] = f'"{tag}"'
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
