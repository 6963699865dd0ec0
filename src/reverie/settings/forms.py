"""Forms: JSON Schema of settings, for whoever draws fields to be filled in, or checks what was."""

from typing import Any

import msgspec

from reverie.settings.choices import Choice
from reverie.settings.setting import Setting, Settings, settings_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(cls: type[Settings]) -> dict[str, Any]:
    """JSON Schema (2020-12) of a class's flat values, as `made` takes them.

    Each property has its type, bounds, `default` and `description`, and with them the `group` in XX
    """
    own = settings_of(cls)
    return {
        "$schema": DIALECT,
        "title": cls.__name__,
        "description": (cls.__doc__ or "").strip().partition("\n")[0],
        "type": "object",
        "properties": {item.name: _property(item) for item in own},
        "required": [item.name for item in own if item.required],
        "additionalProperties": False,
        "examples": list(cls.usage),
    }


def _property(item: Setting) -> dict[str, Any]:
    found = msgspec.json.schema(item.kind)
    found.pop("description", None)
    if "choice" in item.more:
        found = _named(found, item.more["choice"]) if found else {"examples": list(item.more["choice"])}
    if "parse" in item.more and found:  # it is taken as text too, such as 427x640
        found = {"anyOf": [*found.get("anyOf", [found]), {"type": "string"}]}
    if not item.required:
        found["default"] = msgspec.to_builtins(item.default)
    reads = {"reads": item.more["reads"]} if "reads" in item.more else {}
    return {
        **found,
        "description": item.help,
        "group": item.more["group"],
        "rare": bool(item.more.get("rare")),
        **reads,
    }


def _named(form: Any, choice: Choice) -> Any:
    """A form with the names of a choice at the place of its text."""
    if isinstance(form, list):
        return [_named(each, choice) for each in form]
    if not isinstance(form, dict):
        return form
    return choice.form() if form.get("type") == "string" else {key: _named(form[key], choice) for key in form}
