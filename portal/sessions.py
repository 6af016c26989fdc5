"""Where somebody is signed in: the list of their own sessions, each of which they can end by itself."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _t


class SessionsView(ListUserSessionsView):
    """The list; a POST that names a session ends that one, a POST that names none ends all others."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End what is asked for and lead back to the list. The session that asks is ended by signing out only."""
        if "session" not in request.POST:
            answer: HttpResponse = super().post(request, *args, **kwargs)
            return answer
        key = request.POST["session"]
        named = UserSession.objects.filter(user=request.user, pk=key) if key.isdecimal() and len(key) < 19 else None
        session = named.exclude(session_key=request.session.session_key).first() if named is not None else None
        if session is None:
            messages.info(request, _t("Nothing was changed: that session is over already."))
        else:
            session.end()
            messages.success(request, _t("That session is signed out."))
        return HttpResponseRedirect(self.success_url)


sessions_view = SessionsView.as_view()
