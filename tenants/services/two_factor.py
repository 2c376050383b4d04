"""The second factor: a device that shows codes (TOTP, RFC 6238), and recovery codes for when it is gone.

django-otp keeps the devices, refuses a code that was used before, and slows down guessing for each
device; the doors add limits per person and address. A device counts once a code from it was given.
"""

import base64
import secrets

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.timezone import now
from django_otp import match_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from tenants.models import RecoveryCode, User

RECOVERY_CODES = 10
_CODE_BYTES = 10  # 80 bits: 16 letters and digits of base 32


def device(user: User) -> TOTPDevice | None:
    """Return the device that is in use; None when the person has not enrolled."""
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()
    return found


@transaction.atomic
def offered_device(user: User) -> TOTPDevice:
    """Return the device that is being enrolled, with its secret: made once, the same until confirmed."""
    User.objects.select_for_update().get(pk=user.pk)
    offered, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator"})
    found: TOTPDevice = offered
    return found


@transaction.atomic
def enrol(user: User, *, code: str) -> TOTPDevice | None:
    """Put the offered device into use, replacing any other; None when the code is not from it."""
    User.objects.select_for_update().get(pk=user.pk)
    offered: TOTPDevice | None = (
        TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).order_by("-pk").first()
    )
    if offered is None or not offered.verify_token(code):
        return None
    TOTPDevice.objects.filter(user=user).exclude(pk=offered.pk).delete()
    offered.confirmed = True
    offered.save(update_fields=["confirmed"])
    return offered


def secret_text(of: TOTPDevice) -> str:
    """Return the device's secret as people type it: base 32."""
    return base64.b32encode(of.bin_key).decode().rstrip("=")


def verify(user: User, *, code: str) -> TOTPDevice | None:
    """Return the device a code is from; None when it is wrong, used before or given too soon after a wrong one."""
    found: TOTPDevice | None = match_token(user, code.replace(" ", ""))
    return found


@transaction.atomic
def verify_recovery(user: User, *, code: str) -> TOTPDevice | None:
    """Use up a recovery code and return the person's device, which it stands in for; None when it is no good.

    One UPDATE decides, so that a code given twice at once is taken once.
    """
    unused = RecoveryCode.objects.filter(user=user, code_hash=_hash(user, code), used_at=None)
    return device(user) if unused.update(used_at=now()) else None


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the person's recovery codes and return the new ones, which cannot be read again."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_spell(secrets.token_bytes(_CODE_BYTES)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, code_hash=_hash(user, code)) for code in codes])
    return codes


@transaction.atomic
def remove(user: User) -> None:
    """Take the second factor away: devices and recovery codes. Its policy is the caller's concern."""
    TOTPDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


def _spell(random: bytes) -> str:
    letters = base64.b32encode(random).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(user: User, code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return salted_hmac("tenants.recovery_code", f"{user.pk}:{plain}", algorithm="sha256").hexdigest()
