"""The methods of attribution by name: those that this folder's modules name, and plugins'."""

from reverie.attribution.method import Making, Method, Settings
from reverie.errors import UnknownName, nearest
from reverie.plugins import Table, named

METHODS: Table[Making] = Table(
    "attributions", lambda: named("reverie.attribution"), lambda found: found if callable(found) else None
)


def method_named(name: str, settings: Settings | None = None) -> Method:
    """The method of this name, reverie's own or a plugin's.

    Raises:
        UnknownName: there is none of this name.
        InvalidSetting: a setting out of its range.
    """
    if name not in METHODS:
        raise UnknownName(
            f"there is no method '{name}'; nearest: {nearest(name, METHODS)}; allowed are {', '.join(METHODS)}"
        )
    return METHODS[name](settings or Settings())
