"use strict";
// A unit's page, laid out like its card; and two units side by side.

(() => {
  const { el, parts } = atlas;

  const known = async ({ layer, index }) => {
    const [about, classes] = await Promise.all([atlas.unit(layer, index), atlas.classes()]);
    return { layer, index, about, classes, text: atlas.textOf(layer, index) };
  };

  /** The units before and after in the list in view. */
  const beside = async ({ layer, index }, list) => {
    const units = await atlas.around(layer, list), at = units.findIndex(unit => unit.layer === layer && unit.index === index);
    return { before: units[at - 1], after: units[at + 1], at, count: units.length };
  };

  const address = unit => atlas.unitAddress(atlas.textOf(unit.layer, unit.index), atlas.state.list);

  const listName = list => [list.class ? `class ${list.class}` : null, list.q ? `“${list.q}”` : null,
    atlas.sorted(list) ? `by ${atlas.sorted(list).measure.label}` : null].filter(Boolean).join(", ");

  const steps = (near, list, text) => el("nav", { class: "steps", "aria-label": "Units" },
    near.before ? el("a", { href: address(near.before), rel: "prev", title: "k" }, "previous") : el("span", null, "previous"),
    near.at >= 0 ? el("span", { class: "count" }, `${(near.at + 1).toLocaleString("en")} of ${near.count.toLocaleString("en")}${listName(list) ? ` ${listName(list)}` : ""}`) : null,
    near.after ? el("a", { href: address(near.after), rel: "next", title: "j" }, "next") : el("span", null, "next"),
    text ? el("button", { type: "button", title: "p", onclick: () => atlas.pin() }, "Pin") : null);

  const subtitle = unit => {
    const layer = atlas.network.layers[unit.layer];
    return [layer.kind, ...atlas.sizes(layer), unit.about.dead ? "dead" : null].filter(Boolean).join(" · ");
  };

  const heading = (unit, level) => [
    el(level, null, unit.about.label ? [`${unit.about.label} `, el("small", null, unit.text)] : unit.text),
    el("p", { class: "sub" }, subtitle(unit)),
  ];

  const ahead = near => [near.before, near.after].filter(Boolean).forEach(({ layer, index }) => {
    atlas.unit(layer, index).catch(() => null);
    atlas.sheet(atlas.large(layer, index).address);
    atlas.sheet(atlas.view(layer, index, 0).address);
    if (atlas.network.patches.length) atlas.sheet(atlas.patch(layer, index, 0, 0).address);
  });

  atlas.pages.unit = async (state, page) => {
    const [unit, near] = await Promise.all([known(state.unit), beside(state.unit, state.list)]);
    page.title = `${unit.about.label || unit.text} · ${atlas.network.title}`;
    page.near = near;
    setTimeout(() => ahead(near), 300);
    const photographed = Boolean(unit.about.classes); // then both columns are full
    return [
      el("header", { class: "head" },
        el("div", { class: "beside" }, el("div", null, heading(unit, "h1")), steps(near, state.list, unit.text)),
        atlas.facts(parts.measured(unit))),
      el("div", { class: "sections" }, 
        stack(7, parts.pictures(unit), photographed ? parts.likeliest(unit) : null),
        stack(5, parts.values(unit), parts.fires(unit), photographed ? null : parts.likeliest(unit)),
        parts.patches(unit), parts.links(unit), parts.nearest(unit)),
      parts.notes(unit), parts.legend(), parts.records(unit),
    ];
  };

  const stack = (width, ...sections) => sections.some(Boolean) ? el("div", { class: `stack w${width}` }, sections) : null;

  const head = (unit, tools) => el("header", { class: "head" }, heading(unit, "h2"), tools, atlas.facts(parts.measured(unit)));

  /** What is known of both, row by row, so that like stands beside like. */
  const rows = (one, other) => [
    parts.pictures, unit => parts.values(unit, true), parts.fires, ...atlas.network.patches.map((kind, at) => unit => parts.patches(unit, true)[at]),
    parts.likeliest, ...[0, 1].map(at => unit => parts.links(unit, 12)[at]), ...[0, 1].map(at => unit => parts.nearest(unit, 12)[at]), parts.notes,
  ].map(part => [part(one), part(other)]).filter(pair => pair.some(Boolean)).flat().map(node => node ?? el("div"));

  atlas.pages.pair = async (state, page) => {
    const [one, other, near] = await Promise.all([known(state.pin), known(state.unit), beside(state.unit, state.list)]);
    page.title = `${one.text} and ${other.text} · ${atlas.network.title}`;
    page.near = near;
    setTimeout(() => ahead(near), 300);
    const pinned = el("nav", { class: "steps", "aria-label": "The pinned unit" },
      el("button", { type: "button", title: "p", onclick: () => atlas.pin() }, "Unpin"), el("a", { href: atlas.pairAddress(other.text, one.text) }, "swap"));
    return [
      el("h1", { class: "unseen" }, `${one.text} beside ${other.text}`),
      el("div", { class: "pair" }, head(one, pinned), head(other, steps(near, state.list)), rows(one, other)),
      parts.legend(),
    ];
  };

  /** Pins the unit that is shown, with the next one beside it; or lets the pinned one go. */
  atlas.pin = () => {
    const { state, near } = atlas;
    if (state.page === "pair") {
      const text = atlas.textOf(state.unit.layer, state.unit.index);
      atlas.state = { ...state, page: "unit" };
      atlas.go(atlas.unitAddress(text, { ...state.list, pin: null }));
    } else if (state.page === "unit") {
      const other = near?.after ?? near?.before ?? state.unit;
      atlas.go(atlas.pairAddress(atlas.textOf(state.unit.layer, state.unit.index), atlas.textOf(other.layer, other.index)));
    }
  };
})();
