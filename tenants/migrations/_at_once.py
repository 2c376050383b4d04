"""Steps of a migration that are taken together: of a floor's first tables (`AtOnce`), of any migration (`DrawnOnce`).

Django draws every model anew after each step that makes or changes one, so that a hundred steps cost a hundred times a
hundred models: a minute for a first start. Here all are made from the state that they end in, which is drawn once.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelOptions,
    CreateModel,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
    RunPython,
    RunSQL,
)
from django.db.migrations.operations.base import Operation

#: What a stretch of steps on tables may hold.
STEPS = (
    AddConstraint, AddField, AddIndex, AlterField, AlterModelOptions, CreateModel, RemoveConstraint, RemoveField,
    RemoveIndex,
)  # fmt: skip


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


class DrawnOnce(Migration):
    """A migration whose steps on tables are taken together: the models are drawn once for all, not anew for each.

    A table that is made here is made as it ends, so that later steps on it have nothing left to do. Statements, renamed
    things and code of our own stand between such stretches and see what is made up to there. Not for a migration that
    changes the same field twice in one stretch.
    """

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:  # noqa: FBT001, FBT002  # as Django calls it
        if collect_sql or not self.atomic:
            return super().apply(project_state, schema_editor, collect_sql)
        for on_tables, steps in groupby(self.operations, key=lambda step: isinstance(step, STEPS)):
            if on_tables:
                self._together(list(steps), project_state, schema_editor)
                continue
            for step in steps:
                before = project_state.clone()
                if not isinstance(step, RunSQL | RunPython):
                    project_state.__dict__.pop("apps", None)
                step.state_forwards(self.app_label, project_state)
                step.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state

    def _together(self, steps: list[Operation], project_state: Any, schema_editor: Any) -> None:
        before = project_state.clone()
        project_state.__dict__.pop("apps", None)  # while nothing is drawn, a step costs nothing
        for step in steps:
            step.state_forwards(self.app_label, project_state)
        made: set[str] = set()
        for step in steps:
            if isinstance(step, CreateModel):
                made.add(step.name_lower)
            elif getattr(step, "model_name", "").lower() in made:
                continue
            # Conditions name columns that the same stretch added; what changes or goes is found as it was.
            known = project_state if isinstance(step, AddConstraint | AddIndex | CreateModel) else before
            step.database_forwards(self.app_label, schema_editor, known, project_state)
        schema_editor.deferred_sql = [sql for sql in schema_editor.deferred_sql if sql is not None]
