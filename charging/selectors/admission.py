"""What the gateway would say to a card now: asked here before a charge is started from afar."""

from datetime import datetime

from django.db import connection

from charging.domain.ocpp import admission
from charging.domain.ocpp.admission import Card, Decision
from charging.models import Token
from tenants.scoping import current_operator_id


def decision(id_tag: str, *, at: datetime) -> Decision:
    """Return the decision on the card, made of the same facts as the gateway makes it.

    Partners are not asked here: a card that is to be asked about stays out.
    """
    operator = current_operator_id()
    with connection.cursor() as cursor:
        cursor.execute(admission.CARD, {"operator": operator, "marks": Token.uid_marks(id_tag, operator), "at": at})
        found = cursor.fetchone()
    return admission.decide(id_tag, Card(*found) if found else None, is_open=False)
