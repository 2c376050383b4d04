"""The operator's list of reasons for crediting, kept as a whole."""

from collections.abc import Sequence

from django.db import transaction

from billing.events import Event
from billing.models import CreditReason
from billing.selectors.credit_reasons import Reason
from tenants.log import audit
from tenants.models import Operator
from tenants.scoping import current_operator_id


@transaction.atomic
def keep(reasons: Sequence[Reason]) -> None:
    """Put this list in the place of the one there is; an empty one brings the usual reasons back.

    Documents keep the words they were issued with.
    """
    Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())  # one list after the other
    CreditReason.objects.all().delete()
    CreditReason.objects.bulk_create(
        [
            CreditReason(position=position, swedish=reason.swedish, english=reason.english)
            for position, reason in enumerate(reasons)
        ]
    )
    audit.record(
        Event.CREDIT_REASONS_CHANGED, reasons=[" / ".join(filter(None, (one.swedish, one.english))) for one in reasons]
    )
