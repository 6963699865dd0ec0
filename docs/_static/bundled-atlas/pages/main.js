"use strict";
// Which page the address asks for, where one is, the search, the keys.

(() => {
  const { el } = atlas;
  const main = document.getElementById("main"), find = document.getElementById("find"), keys = document.getElementById("keys");
  let turn = 0, left = null;

  atlas.pages.nowhere = async ({ text }, page) => {
    page.title = "Not here";
    return [el("header", { class: "head" }, el("h1", null, "Not here"), el("p", { class: "sub" }, `This atlas has no unit, layer or class “${text}”.`)),
      el("p", { class: "more" }, el("a", { href: "#/" }, "To the network"))];
  };

  const failed = async (error, page) => {
    page.title = "Damaged";
    return [el("header", { class: "head" }, el("h1", null, "Not to be read"), el("p", { class: "sub" }, error.message)),
      el("p", { class: "more" }, el("a", { href: "#/" }, "To the network"))];
  };

  const trail = state => {
    const steps = [[atlas.network.title, atlas.networkAddress()]];
    const unit = state.unit && atlas.textOf(state.unit.layer, state.unit.index), layer = state.unit?.layer ?? state.layer;
    if (state.page === "class" || state.page === "classes") steps.push(["classes", "#/class/"]);
    else if (state.list.class && unit) steps.push([state.list.class, atlas.classAddress(state.list.class)]);
    if (layer !== undefined) steps.push([atlas.network.layers[layer].name, atlas.layerAddress(layer, { ...state.list, class: null, taken: null })]);
    if (unit) steps.push([unit.slice(unit.lastIndexOf(":")), null]);
    if (state.page === "class") steps.push([state.name, null]);
    return el("ol", null, steps.map(([text, href], at) => el("li", null, href && at < steps.length - 1 + Number(Boolean(unit && at === steps.length - 1))
      ? el("a", { href }, text) : href ? el("a", { href, "aria-current": "page" }, text) : el("span", { "aria-current": "page" }, text))));
  };

  const show = async () => {
    const mine = ++turn, state = atlas.parsed(location.hash), page = {};
    const before = atlas.state, focused = document.activeElement?.id;
    atlas.state = state;
    left?.();
    left = null;
    let nodes;
    try {
      nodes = await atlas.pages[state.page](state, page);
    } catch (error) {
      nodes = await failed(error, page);
    }
    if (mine !== turn) return page.left?.();
    left = page.left;
    atlas.near = page.near;
    main.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
    document.body.className = `page-${state.page}`;
    document.title = page.title;
    document.getElementById("crumbs").replaceChildren(trail(state));
    if (document.activeElement !== find) find.value = state.list.q ?? "";
    const same = before.page === state.page && before.layer === state.layer && state.page === "layer";
    if (focused && focused !== "main") document.getElementById(focused)?.focus({ preventScroll: true });
    else if (!same && document.documentElement.dataset.ready) main.focus({ preventScroll: true });
    if (!same) scrollTo(0, history.state?.y ?? 0);
    document.documentElement.dataset.ready = location.hash || "#/";
  };

  // where each page was scrolled to is kept with its entry of the history
  let resting = 0;
  history.scrollRestoration = "manual";
  addEventListener("scroll", () => {
    clearTimeout(resting);
    resting = setTimeout(() => history.replaceState({ y: scrollY }, ""), 120);
  }, { passive: true });
  addEventListener("hashchange", () => {
    clearTimeout(resting);
    show();
  });

  let typing = 0;
  find.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const words = find.value.trim(), { state } = atlas, unit = atlas.unitOf(words);
      if (unit) return;
      const stay = state.page === "layer", list = { q: words || null };
      atlas.go(stay ? atlas.layerAddress(state.layer, atlas.listed(list)) : atlas.networkAddress(list), stay || state.page === "network");
    }, 220);
  });
  find.addEventListener("keydown", event => {
    if (event.key === "Escape") find.blur();
    if (event.key !== "Enter") return;
    const words = find.value.trim(), unit = atlas.unitOf(words);
    if (unit) atlas.go(atlas.unitAddress(words));
    else if (atlas.numbers.has(words)) atlas.go(atlas.layerAddress(atlas.numbers.get(words), {}));
    find.blur();
  });

  /** A step towards the picture or towards the classes: to the wall of the layer there, or to its first unit. */
  const climb = step => {
    const { state } = atlas, layer = (state.unit?.layer ?? state.layer ?? (step > 0 ? -1 : atlas.network.layers.length)) + step;
    if (!atlas.network.layers[layer]) return;
    const list = { ...state.list, q: null, class: null, taken: null };
    if (!state.unit) return atlas.go(atlas.layerAddress(layer, list));
    const text = atlas.textOf(layer, Math.min(state.unit.index, atlas.network.layers[layer].units - 1));
    atlas.go(atlas.unitAddress(text, list));
  };

  const along = unit => unit && atlas.go(atlas.unitAddress(atlas.textOf(unit.layer, unit.index), atlas.state.list), true);

  const first = () => main.querySelector(".wall a:not([hidden]), .strip a")?.focus();

  const deeds = {
    j: () => atlas.near ? along(atlas.near.after) : first(),
    k: () => along(atlas.near?.before),
    ArrowRight: () => along(atlas.near?.after),
    ArrowLeft: () => along(atlas.near?.before),
    u: () => climb(-1),
    d: () => climb(1),
    w: () => atlas.state.unit && atlas.go(atlas.layerAddress(atlas.state.unit.layer, { ...atlas.state.list, class: null, taken: null })),
    n: () => atlas.go(atlas.networkAddress()),
    p: () => atlas.pin(),
    "+": () => atlas.zoom(1),
    "-": () => atlas.zoom(-1),
    "/": () => { find.focus(); find.select(); },
    "?": () => keys.open ? keys.close() : keys.showModal(),
  };

  addEventListener("keydown", event => {
    const typed = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName ?? "");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || (typed && event.target.type !== "checkbox" && event.target.type !== "range")) return;
    if (typed && event.key.startsWith("Arrow")) return;
    if (keys.open && event.key !== "?") return;
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });

  document.getElementById("help").addEventListener("click", () => keys.showModal());

  // light, dark, or as the browser is
  const shades = ["", "light", "dark"], root = document.documentElement;
  const kept = {
    get: () => { try { return localStorage.getItem("reverie-shade") ?? ""; } catch { return ""; } },
    set: text => { try { localStorage.setItem("reverie-shade", text); } catch { /* a page on a disk may have no store */ } },
  };
  const shade = text => { root.dataset.shade = shades.includes(text) ? text : ""; };
  shade(kept.get());
  document.getElementById("shade").addEventListener("click", () => {
    const dark = root.dataset.shade ? root.dataset.shade === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const other = dark ? "light" : "dark";
    shade(other);
    kept.set(other);
  });

  atlas.start().then(show, async error => main.replaceChildren(...await failed(error, {})));
})();
