"""Letters with a document, in words: which letter it is, and why one was not sent."""

from django.utils.translation import gettext as _

from billing.models import DocumentLetter, Invoice
from portal.words.say import say


def what(letter: DocumentLetter) -> str:
    """Which letter it is."""
    if letter.invoice is None:
        return _("Statement %(statement)s") % {"statement": letter.statement}
    if letter.reminder is not None:
        return _("Reminder of %(invoice)s") % {"invoice": letter.invoice}
    if letter.invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return _("Credit note %(invoice)s") % {"invoice": letter.invoice}
    return _("Invoice %(invoice)s") % {"invoice": letter.invoice}


def why_not(letter: DocumentLetter) -> str:
    """Why it was not sent; empty when it was, or waits."""
    return say(letter.error, letter.error_facts) if letter.error else ""
