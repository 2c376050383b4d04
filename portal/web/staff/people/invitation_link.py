"""How an invitation's link reaches the person: by mail, or by the hand of whoever invites.

With a mail server the link is in the letter and nowhere else, so that using it proves the mailbox. Without
one it is shown once. Neither answer tells whether the address has an account. Letters are counted, as they go
to whatever address somebody wrote down.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from charging.selectors import site_memberships
from portal.gate import throttle
from portal.gate.throttle import LimiterUnavailable, TooMany
from portal.web import invitation_letter
from tenants.errors import Code, Refused
from tenants.models import Invitation, Operator
from tenants.services import mail
from tenants.services.people.invitations import LIFETIME, Made


def count_letter(operator: Operator, email: str) -> None:
    """Count a letter to the address before the invitation is made. Costs nothing where none is sent.

    Raises:
        Refused: the address or the operator has had its share for now, or nothing can be counted.
    """
    if not mail.can_send():
        return
    try:
        _count(throttle.INVITATION_TO_ADDRESS, f"{operator.pk} {email.lower()}", email)
        _count(throttle.INVITATION_OF_OPERATOR, operator.pk, operator.name)
    except LimiterUnavailable as error:
        raise Refused(Code.LETTERS_UNCOUNTED) from error


def _count(limit: throttle.Limit, who: object, name: str) -> None:
    try:
        throttle.admit(limit, who)
    except TooMany as reached:
        raise Refused(Code.LETTERS_ENOUGH, name=name, wait_s=reached.retry_after_s) from reached


def hand_over(
    request: HttpRequest, operator: Operator, made: Made, *, nav: str, crumbs: list[tuple[str, str]], back: str
) -> HttpResponse:
    """Mail the link and go back, or show it this one time."""
    invitation = made.invitation
    link = request.build_absolute_uri(reverse("account:invitation", args=[invitation.public_id, made.secret]))
    if invitation.is_mailed:
        invitation_letter.send(operator, invitation, link=link)
        facts = {"email": invitation.email, "role": offered(invitation)}
        messages.success(request, _("The invitation is on its way to %(email)s: %(role)s.") % facts)
        return redirect(back)
    context = {
        "nav": nav,
        "crumbs": crumbs,
        "invitation": invitation,
        "offered": offered(invitation),
        "link": link,
        "days": LIFETIME.days,
        "back": back,
    }
    return render(request, "staff/invitations/link.html", context)


def offered(invitation: Invitation) -> str:
    """Return what the invitation gives: the role, and its limits."""
    role = str(invitation.get_role_display())
    if not invitation.limited_to_sites:
        return role
    names = [site.name for site in site_memberships.named(invitation.site_public_ids)]
    sites = get_text_list(names, _("and")) or _("no site")
    return _("%(role)s, only at %(sites)s") % {"role": role, "sites": sites}
