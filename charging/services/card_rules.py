"""Saying what cards may do when nobody can be asked about them; and having the gateway know."""

from collections.abc import Mapping

from django.db import connection, transaction

from charging.domain.ocpp.unasked import Kind, Rule
from charging.models import CardRule
from tenants.scoping import current_operator_id

_TELL = "SELECT pg_notify('cards', %s)"


@transaction.atomic
def keep(rules: Mapping[Kind, Rule]) -> None:
    """Let these hold from now on."""
    for kind, rule in rules.items():
        facts = {"is_open": rule.is_open, "most": rule.most, "reckoned": rule.reckoned}
        CardRule.objects.update_or_create(kind=kind, defaults=facts)
    tell()


def tell() -> None:
    """Have the gateway learn anew which cards may charge, and what holds for them; told as this is committed."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [str(current_operator_id())])
