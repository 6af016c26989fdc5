"""Addresses of a person's notices."""

from __future__ import annotations

from django.urls import path

from fulfillment.notices import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("read/", views.read, name="notices_read"),
    path("preferences/", views.preferences, name="notice_preferences"),
    path("campaigns/<str:campaign_id>/hide/", views.hide, name="hide_eligible"),
    path("unsubscribe/<str:token>/", views.stop, name="unsubscribe"),
]
