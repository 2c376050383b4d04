"""What an operator says about its purposes of processing (GDPR art. 30(1)(b)–(f)): changed, added, ended."""

from typing import Any
from uuid import uuid4

from tenants.models import ProcessingPurpose


def say(code: str, **particulars: Any) -> ProcessingPurpose:
    """Word the purpose of this code as the operator does; what is empty stays as the portal has it."""
    return ProcessingPurpose.objects.update_or_create(code=code, defaults=particulars)[0]


def add(**particulars: Any) -> ProcessingPurpose:
    """Add a purpose of the operator's own."""
    return say(f"own-{uuid4().hex[:12]}", **particulars)
