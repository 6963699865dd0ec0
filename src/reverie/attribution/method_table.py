"""The methods of attribution by name: those that this folder's modules name, and plugins'."""

from reverie.attribution.method import Making, Method, Settings
from reverie.plugins import Table, named
from reverie.settings.explain import METHODS as OFFERED

METHODS: Table[Making] = Table(
    "attributions", lambda: named("reverie.attribution"), lambda found: found if callable(found) else None
)


def method_named(name: str, settings: Settings | None = None) -> Method:
    """The method of this name, reverie's own or a plugin's.

    Raises:
        UnknownName: there is none of this name.
        InvalidSetting: a setting out of its range.
    """
    OFFERED.check(name)
    return METHODS[name](settings or Settings())
