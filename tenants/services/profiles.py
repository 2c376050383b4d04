"""What people say about themselves: name, language, password."""

from django.db import transaction

from tenants.models import User
from tenants.services import sign_ins


def change(user: User, *, name: str, language: str) -> None:
    """Keep the person's own name and language."""
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])


def choose_language(user: User, *, language: str) -> None:
    """Keep the language for the next browser."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])


@transaction.atomic
def change_password(user: User, *, password: str, event: str = sign_ins.PASSWORD_CHANGED) -> None:
    """Set the password, which ends the person's sessions everywhere else."""
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.record(user, event)
