"""Hooks: they exist only while one forward runs, and hear only the thread that runs it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from reverie.models.edits import Replacing, within
from reverie.models.trace import first_tensor

Keep = Callable[[str, Tensor], Tensor]  # what to remember of a call's value, by the call's name


class _Reached(BaseException):
    """Ends a forward whose taps have all been seen; no network's `except Exception` may swallow it."""


class Hooks:
    """Hooks for one forward; `keep` says what to remember of a call's value in place of a copy."""

    def __init__(
        self,
        module: nn.Module,
        wanted: set[str],
        instead: Mapping[str, Replacing],
        *,
        stop: bool,
        keep: Keep | None = None,
    ) -> None:
        self.module, self.wanted, self.instead, self.stop, self.keep = module, wanted, instead, stop, keep
        self.thread = threading.get_ident()
        self.calls: Counter[str] = Counter()
        self.values: dict[str, Tensor] = {}

    def run(self, image: Tensor) -> dict[str, Tensor]:
        """The forward, between hanging the hooks and taking them off."""
        names = {name.split("~")[0] for name in self.wanted | (set(self.instead) - {"logits"})}
        handles = [self.module.get_submodule(name).register_forward_hook(self._hook(name)) for name in names]
        try:
            output = first_tensor(self.module(image))
            if not self.stop and output is not None:
                output = self.instead["logits"](output) if "logits" in self.instead else output
                self.values["logits"] = output if self.keep is None else self.keep("logits", output)
        except _Reached:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return self.values

    def _hook(self, name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> Any:
            if threading.get_ident() != self.thread:
                return None
            self.calls[name] += 1
            numbered = f"{name}~{self.calls[name]}"
            key = numbered if numbered in self.wanted or numbered in self.instead else name
            if key in self.instead:
                output = within(output, self.instead[key])
            value = first_tensor(output)
            if key not in self.wanted or key in self.values or value is None:
                return output
            last = self.stop and len(self.values) + 1 == len(self.wanted)
            if self.keep is not None:
                self.values[key] = self.keep(key, value)
            else:  # a later in-place operation would overwrite what is read here, unless nothing runs later
                self.values[key] = value if last else value.clone()
            if last:
                raise _Reached
            return output

        return hook
