// Values that several components show, and that may survive a reload.

import { useEffect, useState } from "./draw.js";

/** A value with listeners. */
export function store(initial) {
  let value = initial;
  const listeners = new Set();
  const self = {
    get: () => value,
    set(next) {
      value = typeof next === "function" ? next(value) : next;
      listeners.forEach(listener => listener(value));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** In a component: the value, and drawn again when it changes. */
    use() {
      const [, again] = useState(0);
      useEffect(() => {
        const seen = value;
        const end = self.listen(() => again(count => count + 1));
        if (seen !== value) again(count => count + 1);
        return end;
      }, []);
      return value;
    },
  };
  return self;
}

/** A store that this browser keeps, so that a reload finds it as it was left. */
export function kept(name, initial) {
  const key = `reverie.${name}`;
  let found = initial;
  try {
    found = JSON.parse(localStorage.getItem(key)) ?? initial;
  } catch {
    /* what is kept is damaged or forbidden: begin afresh */
  }
  const self = store(found);
  self.listen(value => {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      /* full or forbidden: it lives as long as the page */
    }
  });
  return self;
}

export const photo = kept("photo", null); // {pic, name, width, height}
export const mask = kept("mask", null); // {pic, of}: painted by hand, of which photo
export const theme = kept("theme", "dark");
export const singleKeys = kept("keys", true);
export const notice = store(null); // {text, bad}

/** Tells something once; what went wrong stays until it is read. */
export function say(text, bad = false) {
  notice.set({ text, bad });
}

/** Runs what may be refused, and tells the refusal. */
export async function tried(action) {
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
    return undefined;
  }
}
