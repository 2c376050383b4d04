"""The facts of a sentence, written for its reader: the fact's name says how.

A fact that is a code of its own (a role, a state, a permission) gets its word; lengths of time, days and amounts get
their form. What has no writer is shown as it is, a list with commas.
"""

from collections.abc import Callable, Mapping
from typing import Any

from portal.words import measures, permissions
from tenants.models import Approval, Operator
from tenants.permissions import Permission
from tenants.roles import Role


def _role(code: str) -> str:
    return str(dict(Role.choices).get(code, code))


def _permission(code: str) -> str:
    return str(permissions.WORDS[Permission(code)]) if code in set(Permission) else code


WRITERS: dict[str, Callable[[Any], str]] = {
    "roles": lambda codes: ", ".join(_role(code) for code in codes),
    "operator_state": lambda code: str(dict(Operator.State.choices).get(code, code)),
    "approval_state": lambda code: str(dict(Approval.State.choices).get(code, code)),
    "permission": _permission,
    "wait_s": measures.duration,
}


class Written(dict[str, str]):
    """Facts by name, as a sentence shows them. One that an old row lacks is a dash."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__({name: written(name, fact) for name, fact in facts.items()})

    def __missing__(self, name: str) -> str:
        return measures.DASH


def written(name: str, fact: Any) -> str:
    """One fact as its sentence shows it."""
    if fact is None:
        return measures.DASH
    if name in WRITERS:
        return WRITERS[name](fact)
    return ", ".join(str(part) for part in fact) if isinstance(fact, list) else str(fact)
