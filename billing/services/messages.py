"""Hurrying work along once its row is committed.

Services do not know Celery; whoever sends messages says so here (`billing.apps`). A message that is
not sent, because nobody registered or the broker is away, costs a minute: a sweep finds the row.
"""

from collections.abc import Callable

from django.db import transaction

from tenants.scoping import current_operator_id

Sender = Callable[..., None]
_senders: list[Sender] = []


def register(sender: Sender) -> None:
    """Name what sends messages: a function of (task name, keyword arguments). The last one named counts."""
    _senders[:] = [sender]


def send(task: str, **arguments: object) -> None:
    """After commit, ask for a task of the current operator to be done soon."""
    arguments["operator_id"] = current_operator_id()
    transaction.on_commit(lambda: _post(task, arguments), robust=True)


def _post(task: str, arguments: dict[str, object]) -> None:
    for sender in _senders:
        sender(task, **arguments)
