// Keys: each room says what its keys do; the sheet of keys lists what is said.

import { useEffect } from "./draw.js";
import { singleKeys, store } from "./store.js";

const bound = store([]); // [{keys, about, act}]

const fills = element =>
  element.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]");
const pressed = event =>
  [(event.ctrlKey || event.metaKey) && "Ctrl", event.key === " " ? "Space" : event.key].filter(Boolean).join("+");

/** In a component: keys that work while it is shown, such as {"Ctrl+Enter": ["dream", () => ...]}. */
export function useKeys(table, changes) {
  useEffect(() => {
    const own = Object.entries(table).map(([keys, [about, act]]) => ({ keys, about, act }));
    bound.set(all => [...own, ...all]);
    return () => bound.set(all => all.filter(item => !own.includes(item)));
  }, changes);
}

export const keys = bound;

export function listenToKeys() {
  addEventListener("keydown", event => {
    const name = pressed(event);
    const single = !name.startsWith("Ctrl+");
    if (event.defaultPrevented || event.altKey || (single && (!singleKeys.get() || fills(event.target)))) return;
    if (document.querySelector("dialog[open]") && name !== "?") return;
    if (name === "Space" && event.target.closest?.("button, a, summary, input, [tabindex='0']")) return;
    const found = bound.get().find(item => item.keys === name);
    if (!found) return;
    event.preventDefault();
    if (fills(event.target)) {
      event.target.blur(); // what was just typed counts
      event.target.focus();
    }
    found.act();
  });
}
