// Each room has an address; links inside the studio change it without loading the page anew.

import { store } from "./store.js";

const read = () => ({
  room: location.pathname.slice(1) || "dream",
  asked: Object.fromEntries(new URLSearchParams(location.search)),
});

export const address = store(read());

/** Goes to an address such as /unit?unit=mixed4a:12. */
export function go(path, { instead = false } = {}) {
  history[instead ? "replaceState" : "pushState"](null, "", path);
  address.set(read());
  if (!instead) scrollTo(0, 0);
}

/** The address of a room with what is asked of it. */
export function to(room, asked = {}) {
  const words = new URLSearchParams(asked).toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return `/${room}${words && `?${words}`}`;
}

const own = link => link.origin === location.origin && !/^\/(api|atlas|pages)\//.test(link.pathname);

export function followLinks() {
  addEventListener("popstate", () => address.set(read()));
  document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.hasAttribute("download") || link.target || !own(link)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
