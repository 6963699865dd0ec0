"use strict";
// The network: its layers in the order of the data, each drawn with its sizes and a few of its units; or what a search finds.

(() => {
  const { el } = atlas;
  const SHOWN = 12;

  const strip = (layer, indices, list, small) => el("ul", { class: "strip" }, indices.map((index, part) => {
    const text = atlas.textOf(layer, index), shown = atlas.picture(small ? atlas.large(layer, index) : atlas.front(layer, part));
    return el("li", null, el("a", { href: atlas.unitAddress(text, list), "aria-label": text, title: text }, shown));
  }));

  const row = (number, indices, list, found, largest) => {
    const layer = atlas.network.layers[number];
    const [size, sees] = atlas.sizes(layer);
    const count = found === null ? [`${layer.units} units`, layer.dead ? `${layer.dead} dead` : null] : [`${found} found`];
    return el("li", { class: "layer" },
      el("a", { class: "name", href: atlas.layerAddress(number, list) },
        atlas.slab(layer, largest),
        el("span", null, el("b", null, layer.name), 
          el("small", null, [layer.kind, size].filter(Boolean).join(" · ")), el("small", null, [sees, ...count].filter(Boolean).join(" · ")),
          layer.grid ? el("small", null, "with its activation atlas") : null)),
      strip(number, indices, list, found !== null));
  };

  const head = () => {
    const { title, facts, layers } = atlas.network, units = layers.reduce((sum, layer) => sum + layer.units, 0);
    return el("header", { class: "head" }, el("p", { class: "over" }, "Atlas of"), el("h1", null, title),
      atlas.facts([["layers", String(layers.length)], ["units", units.toLocaleString("en")], ...facts]));
  };

  const classesFound = async words => {
    const { names, counts } = await atlas.classes();
    const found = names.map((name, number) => [name, counts[number]]).filter(([name]) =>
      words.toLowerCase().split(/\s+/).every(word => name.toLowerCase().includes(word)));
    return found.slice(0, 60).map(([name, count]) =>
      el("li", null, el("a", { href: atlas.classAddress(name) }, name), count ? el("small", null, ` ${count}`) : null));
  };

  const searched = async (list, largest) => {
    const rows = [];
    for (let number = 0; number < atlas.network.layers.length; number++) {
      const order = await atlas.order(number, list);
      if (order.length) rows.push(row(number, order.slice(0, SHOWN), list, order.length, largest));
    }
    return rows;
  };

  atlas.pages.network = async (state, page) => {
    const { layers } = atlas.network, words = state.list.q?.trim();
    const largest = Math.max(...layers.flatMap(layer => layer.shape ?? [1]));
    page.title = words ? `“${words}” in ${atlas.network.title}` : atlas.network.title;
    if (!words) {
      const all = layers.map((layer, number) => row(number, layer.front, {}, null, largest));
      const classes = el("p", { class: "more" }, el("a", { href: "#/class/" }, "All classes"));
      return [head(), el("ol", { class: "layers" }, all), classes];
    }
    const list = { q: words }, kinds = await classesFound(words), rows = await searched(list, largest);
    atlas.say(`${kinds.length} classes, ${rows.length} layers`);
    return [
      el("header", { class: "head" }, el("h1", null, `“${words}”`)),
      kinds.length ? atlas.section("Classes", null, el("ul", { class: "names" }, kinds)) : null,
      rows.length ? el("ol", { class: "layers" }, rows) : el("p", { class: "said" }, "No unit is found by these words: write a channel's number, a part of a class's name or of a photo's."),
    ];
  };
})();
