"""The product's addresses and the views it is compared with."""

from __future__ import annotations

from django.urls import path

from bench import compared, upserts
from portal.urls import urlpatterns as product

urlpatterns = [
    path("bench/insert", compared.bare_insert),
    path("bench/usual/<str:token>", compared.UsualWebhook.as_view()),
    path("bench/credit/<str:campaign>/<str:organization>/<int:minute>", upserts.credit_in_request),
    path("bench/page/<str:platform>/<str:organization>/<int:after>", compared.bare_page),
    path("bench/serialized/<str:organization>/<int:after>", compared.SerializedPage.as_view()),
    path("bench/look-up/<str:claim_id>", compared.look_up),
    *product,
]
