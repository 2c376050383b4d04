"""How an operator's documents look: its logo and its colour."""

from django.db import models
from django.db.models import Q

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class Letterhead(OperatorOwned):
    """A logo and a colour, never changed: another look is another row, and the newest is in force.

    An issued document names the row it was issued with (`Invoice.seller`), so it never changes its look.
    `logo` is a PNG made by us of what was sent; empty: the operator's name stands in its place.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    colour = models.CharField(max_length=7)
    logo = models.BinaryField(default=bytes)
    logo_sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveSmallIntegerField(default=0)
    height = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("letterhead"),
            models.CheckConstraint(condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="letterhead_colour"),
            models.CheckConstraint(
                condition=Q(height=0, logo=b"", width=0) | Q(height__gt=0, width__gt=0),
                name="letterhead_logo_has_size",
            ),
        ]

    def __str__(self) -> str:
        return self.colour
