"""Addresses of the viewer's reward pages."""

from __future__ import annotations

from django.urls import path

from fulfillment import views

urlpatterns = [
    path("inventory/", views.inventory, name="inventory"),
    path("inventory/<str:claim_id>/", views.claim, name="claim"),
]
