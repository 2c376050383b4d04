"""What people say about themselves: name, language, password."""

from django.db import transaction

from tenants.log import sign_ins
from tenants.models import User
from tenants.sealed_fields import Sealed
from tenants.services import person_keys


@transaction.atomic
def change(user: User, *, name: str, language: str) -> None:
    """Keep the person's own name and language. Their operators' logs say that it changed, never from what to what."""
    kept = User.objects.get(pk=user.pk)
    changed = [field for field, value in (("name", name), ("language", language)) if getattr(kept, field) != value]
    user.name, user.language = name, language
    if changed:
        user.save(update_fields=["name", "language"])
        sign_ins.record(user, sign_ins.PROFILE_CHANGED, fields=changed)


def choose_language(user: User, *, language: str) -> None:
    """Keep the language for the next browser."""
    if user.language != language:
        change(user, name=user.name, language=language)


@transaction.atomic
def change_password(user: User, *, password: str, event: str = sign_ins.PASSWORD_CHANGED) -> None:
    """Set the password, which ends the person's sessions everywhere else."""
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.record(user, event)


def seal_again(pk: int) -> bool:
    """Seal and mark the person's address and name with the instance's newest key; tell whether there was need to.

    Until then older keys open them, and the person is found by older marks.

    Raises:
        Unreadable: they open with no listed key; they are left as they are.
    """
    sealed = User.objects.filter(pk=pk).values_list("email", flat=True).first()
    if not isinstance(sealed, Sealed) or person_keys.is_current(sealed):
        return False
    with transaction.atomic():
        row = User.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            return False
        row.email, row.name = row.email, row.name
        row.save(update_fields=["email", "name"])
    return True
