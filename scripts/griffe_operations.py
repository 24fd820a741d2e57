"""The reference shows operations as one calls them, and the fields of a record as one list."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Operations(griffe.Extension):
    """Takes ``async`` and the decorator from what is under ``@operation`` or ``@stream``."""

    def on_function_instance(self, *, func: griffe.Function, **_: Any) -> None:
        """One function, as its source was read."""
        if any(str(decorator.value) in {"operation", "stream"} for decorator in func.decorators):
            func.labels.discard("async")
            func.decorators = []

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """One class, whole: attributes that have no words of their own become lines of its docstring."""
        if any("dataclass" in str(decorator.value) for decorator in cls.decorators):
            return  # its signature is made of them
        fields = [
            (name, member.annotation)
            for name, member in cls.members.items()
            if isinstance(member, griffe.Attribute) and member.docstring is None and not name.startswith("_")
        ]
        for name, _annotation in fields:
            del cls.members[name]
        record = any("Record" in str(base) or "NamedTuple" in str(base) for base in cls.bases)
        if record and cls.docstring:
            said = set(re.findall(r"^ +(\w+):", cls.docstring.value, re.MULTILINE))
            lines = [
                f"- `{name}`: `{kind}`" for name, kind in fields if kind is not None and name not in said
            ]
            if lines:
                head = "**Fields**" if "Attributes:" not in cls.docstring.value else "**More fields**"
                cls.docstring.value += f"\n\n{head}\n\n" + "\n".join(lines)
