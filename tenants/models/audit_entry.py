"""The audit log's table: django-auditlog's entry with the operator, the event and a true actor."""

from decimal import Decimal, InvalidOperation
from typing import Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.actor import current_actor
from tenants.identifiers import new_public_id
from tenants.models.operator import Operator
from tenants.rls import owned
from tenants.scoping import OperatorManager, current_operator_id


class AuditEntryManager(OperatorManager["AuditEntry"], LogEntryManager):
    """django-auditlog's creation of entries, narrowed to the current operator and to true changes."""

    def log_create(self, instance: Any, force_log: bool = False, **entry: Any) -> Any:  # noqa: FBT001, FBT002
        """Add the entry, unless what django-auditlog took for changes are none."""
        if entry.get("changes"):
            entry["changes"] = _true_changes(type(instance), entry["changes"])
            if not entry["changes"] and not force_log:
                return None
        entry.setdefault("object_repr", name_in_log(instance))
        return super().log_create(instance, force_log=force_log, **entry)


def name_in_log(row: Any) -> str:
    """Return what the log calls the row for ever: its `log_name` where its own name is somebody's, such as a card's.

    A name can be made of a row that is out of scope; the database refuses such a reference when the transaction ends.
    """
    try:
        return str(getattr(row, "log_name", None) or row)[:200]
    except ObjectDoesNotExist:
        return f"{row._meta.verbose_name} {row.pk}"[:200]


def _true_changes(model: type[models.Model], changes: dict[str, Any]) -> dict[str, Any]:
    """Drop reverse relations, which have no value, and the same number written differently."""
    return {name: pair for name, pair in changes.items() if _is_change(model, name, *pair)}


def _is_change(model: type[models.Model], name: str, before: Any, after: Any) -> bool:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    if not field.concrete:
        return False
    if not isinstance(field, models.DecimalField):
        return bool(before != after or before == MASK)
    return bool(_decimal(before) != _decimal(after))


def _decimal(value: Any) -> Any:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value


MASK = "•••"


class TransactionId(models.Field):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The transaction that wrote the row (`xid8`), filled in by PostgreSQL."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "resolve_expression") else str(value)


class _CurrentTransaction(models.Func):
    function = "pg_current_xact_id"
    arity = 0


class FirstWord(models.Func):
    """The first word of an event's code: `invoice` of `invoice.downloaded`."""

    function = "split_part"
    template = "%(function)s(%(expressions)s, '.', 1)"


def _partial(field: str, name: str, condition: models.Q, *more: str) -> models.Index:
    return models.Index(fields=["operator", field, "-timestamp", "-id", *more], name=name, condition=condition)


class AuditEntry(AbstractLogEntry):
    """One entry of an operator's audit log. Added, never changed or deleted: the database refuses.

    The actor is kept as a number without a constraint: deleting a person must neither fail nor
    rewrite history. Nobody's name or e-mail is written here, since what cannot be changed cannot be
    erased: pages look the number up while the person is known.

    Who acted: the person `actor`, by the API key `api_key_id` if there is one, else the task `task`. `on_behalf_of`
    is who is answerable when that is somebody else: who made the key, who started the task. `is_platform` marks
    people who run the instance. `viewing_as` is the role an owner looked through.

    `act` says in one word what was done: `created`, `changed`, `deleted`, or the first word of the event's code.

    The fields below repeat django-auditlog's without their own indexes: every question is asked of
    one operator, and the indexes in `Meta` begin with it.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+", editable=False, db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    content_type = models.ForeignKey(
        "contenttypes.ContentType", models.PROTECT, related_name="+", db_index=False, verbose_name=_("kind")
    )
    object_pk = models.CharField(max_length=255)
    object_id = models.BigIntegerField(null=True, blank=True)
    action = models.PositiveSmallIntegerField(choices=AbstractLogEntry.Action.choices)
    cid = models.CharField(_("request"), max_length=255, null=True, blank=True)  # noqa: DJ001  # as in the base
    timestamp = models.DateTimeField(_("time"), default=timezone.now)
    changes = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    additional_data = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    event = models.CharField(max_length=60, blank=True, help_text="Code of an act that is not a row change.")
    act = models.GeneratedField(
        expression=models.Case(
            models.When(~models.Q(event=""), then=FirstWord("event")),
            models.When(action=AbstractLogEntry.Action.CREATE, then=models.Value("created")),
            models.When(action=AbstractLogEntry.Action.UPDATE, then=models.Value("changed")),
            models.When(action=AbstractLogEntry.Action.DELETE, then=models.Value("deleted")),
            default=models.Value("seen"),
        ),
        output_field=models.CharField(max_length=60),
        db_persist=True,
    )
    task = models.CharField(max_length=120, blank=True, help_text="Task or command that acted, if no person did.")
    user_agent = models.CharField(max_length=300, blank=True)
    on_behalf_of = models.BigIntegerField(null=True)
    api_key_id = models.BigIntegerField(null=True)
    is_platform = models.BooleanField(default=False)
    viewing_as = models.CharField(max_length=12, blank=True)
    # Which transaction wrote the entry: what sealing goes by (see `AuditSeal`).
    xid = TransactionId(db_default=_CurrentTransaction(), editable=False)

    objects = AuditEntryManager()

    class Meta:
        default_permissions = ()
        base_manager_name = "objects"
        verbose_name = _("audit entry")
        constraints = [*owned("audit_entry")]
        # Each serves one filter of the audit page, newest first. The columns behind the order answer a second
        # condition inside the index. `benchmarks/audit.py` has what they gain and cost.
        indexes = [
            models.Index(fields=["operator", "-timestamp", "-id"], name="audit_newest"),
            models.Index(fields=["operator", "content_type", "object_id", "-timestamp", "-id"], name="audit_of_object"),
            models.Index(fields=["operator", "content_type", "-timestamp", "-id"], name="audit_of_kind"),
            models.Index(fields=["operator", "content_type", "act", "-timestamp", "-id"], name="audit_of_kind_act"),
            models.Index(
                fields=["operator", "actor", "-timestamp", "-id", "act", "content_type"], name="audit_of_actor"
            ),
            models.Index(fields=["operator", "act", "-timestamp", "-id"], name="audit_of_act"),
            _partial(
                "remote_addr", "audit_of_address", models.Q(remote_addr__isnull=False), "actor", "act", "content_type"
            ),
            _partial("task", "audit_of_task", ~models.Q(task=""), "act", "content_type"),
            _partial("api_key_id", "audit_of_key", models.Q(api_key_id__isnull=False), "act", "content_type"),
            _partial("on_behalf_of", "audit_on_behalf", models.Q(on_behalf_of__isnull=False), "act", "content_type"),
            _partial("is_platform", "audit_of_platform", models.Q(is_platform=True)),
            models.Index(fields=["operator", "cid"], name="audit_of_request", condition=models.Q(cid__isnull=False)),
            models.Index(fields=["operator", "xid"], name="audit_of_transaction"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Complete the entry with the operator and the actor of the moment, and add it."""
        actor = current_actor()
        self.operator_id = current_operator_id()
        self.actor_id = actor.user_id
        self.task = actor.task
        self.remote_addr = actor.address
        self.user_agent = actor.user_agent
        self.cid = actor.request_id or None
        self.on_behalf_of = actor.on_behalf_of
        self.api_key_id = actor.api_key_id
        self.is_platform = actor.is_platform
        self.viewing_as = actor.viewing_as
        super().save(*args, **kwargs)
