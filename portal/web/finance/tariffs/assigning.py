"""Where a tariff applies: letting it apply at several places at once, and ending that; off the lists, and back."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.models import Tariff, TariffAssignment
from billing.services import tariffs as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import told
from portal.web.finance.tariffs.assign_form import AssignForm
from portal.web.finance.tariffs.pages import detail, tariff_or_404
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
@require_POST
def tariff_assign(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Let the tariff apply from a day on, at all that was chosen or nowhere."""
    shelved = tariff_or_404(tariff_id)
    form = AssignForm(request.POST, shelved=shelved, operator=operator)
    count = _assigned(shelved.tariff, form) if form.is_valid() else None
    if count is None:
        return render(request, "finance/tariffs/detail.html", detail(shelved, "") | {"assign_form": form})
    said = ngettext(
        "The tariff applies there from the chosen day.",
        "The tariff applies at %(count)s places from the chosen day.",
        count,
    )
    messages.success(request, said % {"count": count})
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
@require_POST
def tariff_unassign(request: SignedInRequest, operator: Operator, tariff_id: UUID, assignment_id: UUID) -> HttpResponse:
    """End an assignment now; sessions that have started keep their price."""
    assignment = TariffAssignment.objects.filter(public_id=assignment_id, tariff__public_id=tariff_id).first()
    if assignment is None:
        raise Http404
    services.unassign(assignment, at=timezone.now())
    messages.success(request, gettext("The tariff no longer applies there."))
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


@operator_view(Permission.MANAGE_TARIFFS)
@require_POST
def tariff_archive(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Take a tariff that applies nowhere off the lists."""
    tariff = tariff_or_404(tariff_id).tariff
    told(request, gettext("The tariff is archived."), services.archive, tariff, at=timezone.now())
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


@operator_view(Permission.MANAGE_TARIFFS)
@require_POST
def tariff_restore(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Put an archived tariff back on the lists."""
    services.restore(tariff_or_404(tariff_id).tariff)
    messages.success(request, gettext("The tariff is back on the list."))
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


def _assigned(tariff: Tariff, form: AssignForm) -> int | None:
    """Assign all or nothing; return at how many places, or None with the reason why not in the form."""
    try:
        return services.assign_all(tariff, form.assignments())
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return None
