"""The seals of the audit log: how far it is sealed, checking the whole chain, and the export for a check elsewhere."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.files import streamed
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from tenants import crypto
from tenants.log import audit, chain, export
from tenants.models import AuditCheck, AuditEntry, AuditSeal, Operator
from tenants.permissions import Permission
from tenants.services import log_checks

SCRIPT = settings.BASE_DIR / "bin" / "verify-seals"
SHOWN = 10
FINDINGS = {
    "changed": gettext_lazy("An entry was changed after it was sealed."),
    "removed": gettext_lazy("An entry that was sealed is gone."),
    "inserted": gettext_lazy("An entry stands among sealed ones that was not there when they were sealed."),
    "seal": gettext_lazy("A seal itself does not fit."),
}


@operator_view(Permission.VIEW_AUDIT)
def seal_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the newest seals and checks."""
    checks = [_told(check) for check in AuditCheck.objects.order_by("-requested_at", "-pk")[:SHOWN]]
    newest = chain.newest()
    key, file = chain.key_name(crypto.signing_key().public_key()), _("FILE")
    context = {
        "nav": "audit",
        "crumbs": [(_("Audit log"), reverse("staff:audit_log", args=[operator.slug]))],
        "newest": newest,
        "seals": AuditSeal.objects.defer("leaves", "entry_ids").order_by("-number")[:SHOWN],
        "checks": checks,
        "is_checking": any(check["is_open"] for check in checks),
        "key": key,
        "command": f"python3 verify-seals.py {file} --key {key}" + (f" --head {newest.hash}" if newest else ""),
    }
    return render(request, "staff/audit/seals.html", context)


@require_POST
@operator_view(Permission.VIEW_AUDIT)
def seal_check(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Have the whole chain checked in the background."""
    now = timezone.now()
    try:
        asked = log_checks.ask(by_id=request.user.pk, at=now)
    except log_checks.CheckedLately as lately:
        time = f"{lately.again_at.astimezone(operator.zone):%H:%M}"
        text = _("It was checked a moment ago. You can ask for another check from %(time)s.")
        messages.info(request, text % {"time": time})
        return redirect("staff:seal_list", operator.slug)
    if asked.requested_at == now:
        audit.record(Event.AUDIT_CHECK_ASKED)
    messages.success(request, _("The check has begun."))
    return redirect("staff:seal_list", operator.slug)


@operator_view(Permission.VIEW_AUDIT, step_up=True, takes_out=True)
def seal_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send seals and entries as JSON lines, as the script wants them."""
    audit.record(Event.AUDIT_SEALS_EXPORTED)
    return streamed.lines_file(
        f"audit-log-{operator.slug}-{timezone.now():%Y-%m-%d}.jsonl",
        lines=export.export_lines,
        operator=operator,
        noted=streamed.Noted(Event.AUDIT_EXPORT_SENT, {"form": "seals"}),
    )


@operator_view(Permission.VIEW_AUDIT, takes_out=True)
def seal_script(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the script that checks an export."""
    return FileResponse(SCRIPT.open("rb"), as_attachment=True, filename="verify-seals.py", content_type="text/x-python")


def _told(check: AuditCheck) -> dict[str, Any]:
    finding = check.finding or {}
    entry = AuditEntry.objects.filter(pk=finding["entry_id"]).first() if finding.get("entry_id") else None
    return {
        "row": check,
        "is_open": check.is_open,
        "finding": FINDINGS.get(finding.get("kind", ""), ""),
        "seal": finding.get("seal"),
        "entry_id": finding.get("entry_id"),
        "entry": entry,
        "detail": finding.get("detail", ""),
    }
