"""How an invitation's link reaches the person: by mail, or by the hand of whoever invites.

With a mail server the link is in the letter and nowhere else, so that using it proves the mailbox. Without
one it is shown once. Neither answer tells whether the address has an account.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.web import invitation_letters
from tenants.models import Operator
from tenants.services.invitations import LIFETIME, Made


def hand_over(
    request: HttpRequest, operator: Operator, made: Made, *, nav: str, crumbs: list[tuple[str, str]], back: str
) -> HttpResponse:
    """Mail the link and go back, or show it this one time."""
    invitation = made.invitation
    link = request.build_absolute_uri(reverse("account:invitation", args=[invitation.public_id, made.secret]))
    if invitation.is_mailed:
        invitation_letters.mail(operator, invitation, link=link)
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invitation.email})
        return redirect(back)
    context = {
        "nav": nav,
        "crumbs": crumbs,
        "invitation": invitation,
        "link": link,
        "days": LIFETIME.days,
        "back": back,
    }
    return render(request, "staff/invitations/link.html", context)
