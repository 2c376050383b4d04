"""The second factor: an authenticator that shows codes (TOTP), passkeys, and recovery codes for when both are gone.

Any confirmed factor counts like any other: it is asked for at sign-in, and the person's password alone opens
nothing. Passkeys are registered and checked in `passkeys`. Failures are counted by the device, and by the doors
for each person and address.
"""

import base64
import logging
import secrets
from math import ceil
from typing import Any
from urllib.parse import quote, urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac
from django.utils.timezone import now
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential

from tenants.crypto import Unreadable
from tenants.models import RecoveryCode, TotpDevice, User
from tenants.selectors import people

log = logging.getLogger(__name__)

ISSUER = "Wattledger"
RECOVERY_CODES = 10
_CODE_BYTES = 10  # 80 bits: 16 letters and digits of base 32
_WORTH_SAYING_S = 30  # a shorter pause after wrong codes is over before anybody has typed the next one


class Paused(Exception):
    """After many wrong codes the authenticator is not asked for a while."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"The next code is looked at in {wait_s} s.")
        self.wait_s = wait_s


class Uncheckable(Exception):
    """The authenticator's seed does not open, so no code of it can be checked any more."""


class LastRequired(Exception):
    """The person's only factor cannot go while one is required of them."""


def device(user: User) -> Device | None:
    """Return a factor that is in use, the authenticator before a passkey; None when the person has none."""
    return authenticator(user) or passkeys(user).first()


def authenticator(user: User) -> TotpDevice | None:
    """Return the device that shows codes and is in use."""
    found: TotpDevice | None = TotpDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()
    return found


def passkeys(user: User) -> QuerySet[Any]:
    """The person's passkeys, oldest first."""
    kept: QuerySet[Any] = WebAuthnCredential.objects.filter(user=user, confirmed=True).order_by("pk")
    return kept


def count(user: User) -> int:
    """How many factors the person has; recovery codes are none."""
    return (authenticator(user) is not None) + int(passkeys(user).count())


def new_device(user: User, *, name: str = "authenticator", confirmed: bool = True) -> TotpDevice:
    """Make an authenticator with a fresh seed."""
    made = TotpDevice(user=user, name=name, confirmed=confirmed)
    made.new_seed()
    made.save()
    return made


@transaction.atomic
def offered_device(user: User) -> TotpDevice:
    """Return the device that is being enrolled, with its seed: made once, the same until confirmed."""
    User.objects.select_for_update().get(pk=user.pk)
    offered = _offered(user)
    if offered is None:
        return new_device(user, confirmed=False)
    try:
        _ = offered.seed
    except Unreadable:  # made under a key that is gone: nobody has used it yet, so begin anew
        offered.new_seed()
        offered.save(update_fields=["sealed_seed"])
    return offered


@transaction.atomic(durable=True)
def enrol(user: User, *, code: str) -> TotpDevice | None:
    """Put the offered authenticator into use, replacing any other; None when the code is not from it.

    Raises:
        Uncheckable: the offer was made under a key that is gone; the page offers a new one.
    """
    User.objects.select_for_update().get(pk=user.pk)
    offered = _offered(user)
    if offered is None or not _is_from(offered, code):
        return None
    TotpDevice.objects.filter(user=user).exclude(pk=offered.pk).delete()
    TotpDevice.objects.filter(pk=offered.pk).update(confirmed=True)
    offered.refresh_from_db()
    return offered


def secret_text(of: TotpDevice) -> str:
    """Return the device's secret as people type it: base 32."""
    return base64.b32encode(of.seed).decode().rstrip("=")


def config_url(of: TotpDevice) -> str:
    """Return the address that a QR code hands to authenticator apps (Key URI Format)."""
    label = quote(f"{ISSUER}:{of.user.email}")
    facts = {"secret": secret_text(of), "issuer": ISSUER, "algorithm": "SHA1", "digits": of.DIGITS, "period": of.STEP_S}
    return f"otpauth://totp/{label}?{urlencode(facts)}"


@transaction.atomic(durable=True)  # a failure must be counted, whatever becomes of the request
def verify(user: User, *, code: str) -> TotpDevice | None:
    """Return the authenticator a code is from; None when it is wrong, used before or given too soon after a wrong one.

    Raises:
        Uncheckable: the seed does not open. Logged for the machine's administrator.
        Paused: so many wrong codes came before that the next one is looked at later only.
    """
    found = authenticator(user)
    if found is None:
        return None
    _refuse_while_paused(found)
    return found if _is_from(found, code) else None


@transaction.atomic(durable=True)
def verify_recovery(user: User, *, code: str) -> Device | None:
    """Use up a recovery code and return the factor it stands in for; None when it is no good.

    One UPDATE decides, so that a code given twice at once is taken once.
    """
    held = device(user)
    unused = RecoveryCode.objects.filter(user=user, code_hash=_hash(user, code), used_at=None)
    return held if held is not None and unused.update(used_at=now()) else None


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the person's recovery codes and return the new ones, which cannot be read again."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_spell(secrets.token_bytes(_CODE_BYTES)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, code_hash=_hash(user, code)) for code in codes])
    return codes


@transaction.atomic
def remove(of: Device) -> None:
    """Take one factor away; with the last one go the recovery codes.

    Looked at once the person is locked: of two factors that are removed at once the second one stays, if it must.

    Raises:
        LastRequired: it is the person's only one, and one is required of them.
    """
    user = User.objects.select_for_update().get(pk=of.user_id)
    if count(user) <= 1 and people.is_factor_required(user):
        raise LastRequired
    of.delete()
    if device(user) is None:
        remove_all(user)


@transaction.atomic
def remove_all(user: User) -> None:
    """Take every factor of the person away: authenticators, passkeys and recovery codes."""
    TotpDevice.objects.filter(user=user).delete()
    WebAuthnCredential.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


def _offered(user: User) -> TotpDevice | None:
    offered = TotpDevice.objects.select_for_update().filter(user=user, confirmed=False)
    found: TotpDevice | None = offered.order_by("-pk").first()
    return found


def _is_from(of: TotpDevice, code: str) -> bool:
    try:
        return of.verify_token("".join(code.split()))
    except Unreadable as error:
        log.exception("The seed of authenticator %s does not open: is a key missing in ENCRYPTION_KEYS?", of.pk)
        raise Uncheckable from error


def _refuse_while_paused(of: TotpDevice) -> None:
    allowed, reason = of.verify_is_allowed()
    if not allowed:
        wait_s = ceil((reason["locked_until"] - now()).total_seconds())
        if wait_s > _WORTH_SAYING_S:
            raise Paused(wait_s)


def _spell(random: bytes) -> str:
    letters = base64.b32encode(random).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(user: User, code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return salted_hmac("tenants.recovery_code", f"{user.pk}:{plain}", algorithm="sha256").hexdigest()
