"""The Celery application and its timetable.

Work is a row in the database first; a message only hurries it. Each sweep below picks up
rows whose message was lost, so a restart of Redis delays work and never loses it.
"""

import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "reset-lost-factors": {"task": "tenants.tasks.reset_lost_factors", "schedule": 600.0},
    "expire-approvals": {"task": "tenants.tasks.expire_approvals", "schedule": 900.0},
    "sweep-sign-ins": {"task": "tenants.tasks.sweep_sign_ins", "schedule": 3600.0},
    "resume-imports": {"task": "charging.tasks.resume_imports", "schedule": 60.0},
    "rate-sessions": {"task": "billing.tasks.rate_waiting_sessions", "schedule": 60.0},
    "resume-runs": {"task": "billing.tasks.resume_runs", "schedule": 60.0},
    "resume-exports": {"task": "billing.tasks.resume_exports", "schedule": 60.0},
    "seal-audit-logs": {"task": "tenants.tasks.seal_audit_logs", "schedule": 180.0},
    "resume-audit-checks": {"task": "tenants.tasks.resume_audit_checks", "schedule": 60.0},
    "tick": {"task": "portal.tasks.tick", "schedule": 60.0},
    "render-documents": {"task": "billing.tasks.render_waiting_documents", "schedule": 60.0},
}


@worker_process_init.connect
def refuse_privileged_role(**_: object) -> None:
    """Stop a worker whose database role could look past the walls between operators."""
    from tenants.rls import assert_app_role  # noqa: PLC0415  # needs loaded apps

    assert_app_role()
