"""Making all tables of a floor in one step of a migration.

Django draws every model anew after each step that makes or changes one, so that a hundred steps cost a hundred times a
hundred models: a minute for a first start. Here all are made from the state that they end in, which is drawn once.
"""

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation


class AtOnce(Operation):
    """Make models that may refer to each other in any order: foreign keys are written when the migration ends."""

    serialization_expand_args = ["operations"]
    reversible = False

    def __init__(self, operations: Sequence[CreateModel]) -> None:
        self.operations = operations

    def deconstruct(self) -> Any:
        return self.__class__.__qualname__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: Any) -> None:
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)
        # A wall writes itself down for the end, and nothing for where Django would write it.
        schema_editor.deferred_sql = [sql for sql in schema_editor.deferred_sql if sql is not None]

    def describe(self) -> str:
        return f"Make {len(self.operations)} tables"
