"""The Celery application and its timetable.

Work is a row in the database first; a message only hurries it. Each sweep below picks up
rows whose message was lost, so a restart of Redis delays work and never loses it.
"""

import gc
import os

from celery import Celery
from celery.signals import beat_init, worker_before_create_process, worker_init, worker_process_init
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# The lanes of `tenants.work.Lane`, which cannot be imported before Django is set up.
LANES = ("quick", "waited", "bulk")
#: As `portal.serving.memory` has it for the web, of which nothing is imported here.
OBJECTS = 50_000

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# What is not sent to a lane of its own is the timetable's: sweeps and the tick are never behind anybody's work.
app.conf.task_default_queue = "clock"
# A worker that is not told which queues it serves serves all of them. Each queue has a key of its own: with the
# default one a message to a lane would lie in all of them.
app.conf.task_queues = [Queue(name, Exchange(name), routing_key=name) for name in ("clock", *LANES)]
app.conf.beat_schedule = {
    "sweep-work": {"task": "tenants.tasks.sweep_work", "schedule": 60.0},
    "reset-lost-factors": {"task": "tenants.tasks.reset_lost_factors", "schedule": 600.0},
    "expire-approvals": {"task": "tenants.tasks.expire_approvals", "schedule": 900.0},
    "sweep-sign-ins": {"task": "tenants.tasks.sweep_sign_ins", "schedule": 3600.0},
    "count-days": {"task": "billing.tasks.count_days", "schedule": 60.0},
    "remove-old-copies": {"task": "tenants.tasks.remove_old_copies", "schedule": 3600.0},
    "seal-audit-logs": {"task": "tenants.tasks.seal_audit_logs", "schedule": 180.0},
    "tell-of-late-charges": {"task": "charging.tasks.tell_late", "schedule": 300.0},
    "ask-timetables": {"task": "billing.tasks.ask_timetables", "schedule": 900.0},
    "tick": {"task": "portal.tasks.tick", "schedule": 60.0},
}


@worker_init.connect
@beat_init.connect
def keep_files_to_ourselves(**_: object) -> None:
    """Let what is written be for our own user alone; gunicorn has a setting for it."""
    os.umask(0o077)


@worker_process_init.connect
def refuse_privileged_role(**_: object) -> None:
    """Stop a worker whose database role could look past the walls between operators."""
    from tenants.rls.at_start import assert_app_role  # noqa: PLC0415  # needs loaded apps

    assert_app_role()


@worker_before_create_process.connect
def look_less_for_rings(**_: object) -> None:
    """Let workers look through their objects as seldom as web workers do. Before they fork: they share what stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
