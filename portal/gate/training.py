"""Personal data opens by training, where the operator has said so: who has not confirmed the year's sees none.

Every page and resource asks for it but those declared `without_people`; so what is written tomorrow is shut too. Of
visitors of the platform, drivers and payers nothing is asked: they are not the operator's staff.
"""

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.log import refused_access
from tenants.models import User
from tenants.permissions import Access, Permission
from tenants.scoping import tenant_scope
from tenants.selectors import training

MISSING = _("First confirm this year's training in security and privacy. After that you can open personal data.")


class TrainingMissing(PermissionDenied):
    """The page shows personal data, and the person has not confirmed the training; its page is `operator`'s."""

    def __init__(self, slug: str) -> None:
        super().__init__(MISSING)
        self.slug = slug


def opens_data(access: Access, user: User | None) -> bool:
    """Whether the person may see personal data, as far as training decides. No query where the operator leaves it open.

    user: None for a program, which reads no training.
    """
    if not access.operator.training_opens_data or user is None or access.visit is not None or not access.is_staff:
        return True
    with tenant_scope(access.operator.pk):
        standing = training.of_member(user, access.operator, at=timezone.now())
    return standing is not None and standing.opens_data


def check(access: Access, user: User | None, permission: Permission | None) -> None:
    """Refuse who has to confirm the training first.

    Raises:
        TrainingMissing: with the reason as its message; the operator's log has it.
    """
    if not opens_data(access, user):
        refused_access.refused(access, permission, reason="training")
        raise TrainingMissing(access.operator.slug)
