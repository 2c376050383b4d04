"""The letters with a link to a new password (`password_links.NEW`), sent in the background.

What the page does is the same whoever is asked for, so neither its answer nor its time says who has an account.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from tenants import crypto, work
from tenants.log import sign_ins
from tenants.models import PasswordLetter, User
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.proof import password_links

_ASKED = "password-link"


def ask(*, email: str, address: str) -> None:
    """Have a link sent to the person with this e-mail, if there is one. The same is done whoever it is.

    address: that of the link, with a place for its parts.
    """
    sealed = urlsafe_base64_encode(crypto.encrypt(email.encode(), about=_ASKED))
    work.enqueue(PasswordLetter.objects.create(sealed_to=sealed, link=address))


def send(_operator_id: None, row: PasswordLetter, *, clock: Callable[[], datetime]) -> None:
    """Send one letter. The row goes in the transaction that records it.

    A worker that is killed in between sends it again, and the mail server's refusal is another try. A letter that
    would come an hour late is not sent: the person has asked again, or no longer waits for it.
    """
    email = crypto.decrypt(urlsafe_base64_decode(row.sealed_to), about=_ASKED).decode()
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    is_wanted = user is not None and clock() - row.queued_at <= password_links.NEW.lifetime
    if user is not None and is_wanted:
        person, token = password_links.NEW.parts(user)
        mail.deliver(user, Letter.PASSWORD_LINK, link=row.link.format(person=person, token=token))
    with transaction.atomic():
        work.finish(row)
        PasswordLetter.objects.filter(pk=row.pk).delete()
        if user is not None and is_wanted:
            sign_ins.record(user, sign_ins.PASSWORD_RESET_ASKED)


def forget(*, at: datetime) -> None:
    """Remove what was set aside a day ago: nobody waits for it, and it names a mailbox."""
    PasswordLetter.objects.filter(queued_at__lt=at - timedelta(days=1)).delete()
