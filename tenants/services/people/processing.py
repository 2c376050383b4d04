"""What an operator says about its purposes of processing (GDPR art. 30(1)(b)–(f)): changed, added, ended."""

from typing import Any
from uuid import uuid4

from django.db import transaction

from tenants.models import ProcessingPurpose


@transaction.atomic
def say(code: str, **particulars: Any) -> ProcessingPurpose:
    """Word the purpose of this code as the operator does; what is empty stays as the portal has it."""
    row = ProcessingPurpose.objects.select_for_update().filter(code=code).first() or ProcessingPurpose(code=code)
    for name, value in particulars.items():
        setattr(row, name, value)
    row.save()
    return row


def add(**particulars: Any) -> ProcessingPurpose:
    """Add a purpose of the operator's own."""
    return say(f"own-{uuid4().hex[:12]}", **particulars)
