"""Pages that do what a page should not, for the isolation tests."""

from django.db import models
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.urls import path

from portal.gate.access import operator_view
from portal.tests.examples import example
from tenants.models import Driver
from tenants.permissions import Permission


@operator_view(Permission.VIEW_DRIVERS)
def fails(request, operator):
    example(Driver, customer_number="half-written")
    raise RuntimeError("after writing")


@operator_view(Permission.VIEW_DRIVERS)
def streams(request, operator):
    return StreamingHttpResponse(str(models.QuerySet(Driver).count()) for _ in range(1))


@operator_view(Permission.VIEW_DRIVERS)
def lazy(request, operator):
    template = engines["django"].from_string("{% for driver in drivers %}{{ driver.customer_number }} {% endfor %}")
    return SimpleTemplateResponse(template, {"drivers": Driver.objects.all()})


def server_error(request):
    return HttpResponse("failed", status=500)


urlpatterns = [
    path("o/<slug:operator_slug>/fails/", fails),
    path("o/<slug:operator_slug>/streams/", streams),
    path("o/<slug:operator_slug>/lazy/", lazy),
]
handler500 = "portal.tests.wall_pages.server_error"
