"""The public page of an operator's privacy notice: the one in force, and every earlier one with its hash."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from portal.gate.access import public_view
from tenants.models import ConsentPurpose, Operator
from tenants.scoping import tenant_scope
from tenants.selectors import consents, notices


@public_view("a privacy notice is for anybody, before they have an account (GDPR art. 13)")
def public_notice(request: HttpRequest, slug: str, version: int | None = None) -> HttpResponse:
    """Show the notice in force, or the version asked for.

    An operator without a notice is not found, like one that does not exist: nobody learns here who uses the portal.
    """
    operator = Operator.objects.filter(slug=slug).first()
    if operator is None:
        raise Http404
    language = get_language() or operator.language
    with tenant_scope(operator.pk):
        in_force = notices.in_force(language)
        notice = in_force if version is None else notices.of_version(version, language)
        if in_force is None or notice is None:
            raise Http404
        purposes = list(ConsentPurpose.objects.filter(is_active=True).order_by("code"))
        asked = consents.notices_in(purposes, language)
        context = {
            "operator_name": operator.legal_name or operator.name,
            "slug": operator.slug,
            "time_zone": operator.time_zone,
            "notice": notice,
            "is_in_force": notice.version == in_force.version,
            "is_intact": notices.is_intact(notice),
            "history": notices.history(),
            "asked": [asked[each.pk] for each in purposes if each.pk in asked],
        }
    return render(request, "home/notice.html", context)
