"""Background work as rows: what there is to do, who is at it, how often it was tried, why it stopped.

`tenants.work` is what claims, tries and sets aside; here is only what is kept.
"""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Work(models.Model):
    """One piece of background work. Each kind of work is a model that derives from this.

    A row waits since `queued_at` and is left alone until `leased_until`: a worker that is at it puts that off as it
    goes on, and after a failure it is the time of the next try. `claimed_at` tells a worker's claim from that of its
    successor.
    `error` is a code with its facts, never a sentence, an exception's text or anything about a person.
    """

    class State(models.TextChoices):
        WAITING = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        SET_ASIDE = "set_aside", _("set aside")

    #: The name of the kind of work, under which `tenants.work.Kind` is registered.
    work_kind: ClassVar[str]

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    queued_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True)
    error_facts = models.JSONField(default=dict, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person the work is done for; None when nobody asked."""
        return None

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being done."""
        return self.state in (Work.State.WAITING, Work.State.RUNNING)


#: The condition of rows that wait or are being done, for a kind's index and constraints.
OPEN = models.Q(state__in=[Work.State.WAITING.value, Work.State.RUNNING.value])


class Turn(models.Model):
    """When work of one kind was last taken up for an operator, and whether there is more: the line of a lane.

    One row for each operator and kind that ever had work, without a word about it, so that a worker can see
    whose turn it is before it opens anybody's scope. No operator: work that belongs to none.
    """

    operator = models.ForeignKey("tenants.Operator", models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=10)
    wanted_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["operator", "kind"], name="turn_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of operator {self.operator_id}"
