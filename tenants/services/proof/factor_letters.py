"""Letters about how a person signs in: what changed, and what is about to.

Who did not do it themselves learns of it here, so each says what to do then. In the person's language.
"""

from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tenants.models import Operator, User
from tenants.services import letters

ADDED = gettext_noop("A second factor was added to your account. It is asked for when somebody signs in as you.")
REMOVED = gettext_noop("A second factor was removed from your account.")
RESET_STOPPED = gettext_noop("The reset of your second factor was stopped. Nothing has changed.")
RESET_DONE = gettext_noop(
    "Your second factor was reset: your devices, passkeys and recovery codes no longer work, and you are signed out"
    " everywhere. At your next sign-in you set up a new one."
)
PASSWORD = gettext_noop("A new password was set for your account, by a link that was mailed to you.")
PASSWORD_CHANGED = gettext_noop("The password of your account was changed by somebody who was signed in.")
CODES_MADE = gettext_noop("New recovery codes were made for your account. The earlier ones no longer work.")
NOT_YOU = gettext_noop(
    "If this was not you, change your password at once and tell the owner of your operator's portal."
)


def changed(user: User, what: str) -> None:
    """Tell the person what has changed. `what` is one of this module's sentences."""
    with _language_of(user):
        letters.send(user, subject=_("How you sign in to Wattledger has changed"), text=f"{_(what)}\n\n{_(NOT_YOU)}\n")


def reset_asked(user: User, *, operator: Operator, due_at: datetime, stop_link: str) -> bool:
    """Tell the person that their second factor will be removed, and how to stop it; False without a mail server."""
    with _language_of(user, operator):
        due = date_format(due_at.astimezone(operator.zone), "DATETIME_FORMAT")
        facts = {"operator": operator.name, "due": due, "link": stop_link}
        text = _(
            "An owner of %(operator)s has asked for the reset of your second factor, because your device is said to be"
            " lost. On %(due)s your devices, passkeys and recovery codes stop working, and you set up new ones.\n\n"
            "Is your device not lost? Then stop it here, without signing in:\n\n%(link)s\n"
        )
        return letters.send(user, subject=_("Your second factor will be reset"), text=text % facts)


def password_link(user: User, *, link: str) -> None:
    """Send the person the link by which they set a new password."""
    with _language_of(user):
        text = _(
            "Somebody, probably you, asked for a new password for your account at Wattledger. Choose it here, within"
            " one hour:\n\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is.\n"
        )
        letters.send(user, subject=_("Choose a new password"), text=text % {"link": link})


def _language_of(user: User, operator: Operator | None = None) -> translation.override:
    return translation.override(user.language or (operator.language if operator else None) or "sv")
