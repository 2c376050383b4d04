"""The index of what is searched: how far it reaches, its segments, and the rows of each term."""

from django.db import models

from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class SearchIndex(OperatorOwned, Work):
    """How far one subject of an operator is indexed, and the work of going on.

    up_to: all rows to this id stand in the index.
    seen, seen_by: the highest id handed out at a moment, and the transaction that would have come next: when all
        before it are over, nothing to that id is still to appear.
    key: the name of the key that words were marked with. With another one nothing would be found.
    """

    work_kind = "search_index"

    subject = models.CharField(max_length=20)
    up_to = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    seen_by = models.BigIntegerField(default=0)
    key = models.CharField(max_length=8)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("search_index"),
            models.UniqueConstraint(fields=["operator", "subject"], name="search_index_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="search_index_open")]

    def __str__(self) -> str:
        return self.subject


class SearchSegment(OperatorOwned):
    """A stretch of ids, indexed at once: greater than `after`, to `last`."""

    subject = models.CharField(max_length=20)
    after = models.BigIntegerField()
    last = models.BigIntegerField()
    rows = models.IntegerField()

    class Meta:
        default_permissions = ()
        constraints = [*owned("search_segment")]
        indexes = [models.Index(fields=["operator", "subject", "-last"], name="search_segment_newest")]

    def __str__(self) -> str:
        return f"{self.subject} {self.after}–{self.last}"


class SearchTerm(OperatorOwned):
    """The rows of a segment that have a term, packed (`tenants.search.postings`)."""

    # The reference proves the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    segment = OwnedForeignKey(SearchSegment, related_name="terms")
    term = models.BigIntegerField()
    rows = models.IntegerField()
    packed = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("search_term", "segment", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "segment", "term"], name="search_term_once"),
        ]

    def __str__(self) -> str:
        return f"{self.term}: {self.rows}"
