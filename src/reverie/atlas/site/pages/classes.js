"use strict";
// A class: its own picture, and the units that fire for it, layer by layer; and the list of all classes.

(() => {
  const { el, section } = atlas;

  const own = (name, place) => {
    if (!place) return null;
    const [layer, index] = place, text = atlas.textOf(layer, index);
    return el("a", { class: "own", href: atlas.unitAddress(text) }, atlas.picture(atlas.large(layer, index), `what the network seeks for ${name}`), el("small", null, text));
  };

  const group = (name, { layer, units }) => {
    const list = { class: name }, most = Math.max(...units.map(unit => Math.abs(unit.value)), 1e-12);
    return section(atlas.network.layers[layer].name, null, el("ul", { class: "firing" }, units.map(({ index, value }) => {
      const text = atlas.textOf(layer, index);
      return el("li", null, el("a", { href: atlas.unitAddress(text, list), title: text }, atlas.picture(atlas.large(layer, index)), el("b", null, text),
        el("span", { class: "level" }, el("i", { style: { width: `${100 * Math.abs(value) / most}%` } })), el("small", null, atlas.digits(value))));
    })));
  };

  atlas.pages.class = async (state, page) => {
    const classes = await atlas.classes(), number = classes.numbers.get(state.name);
    if (number === undefined) return atlas.pages.nowhere({ text: state.name }, page);
    const groups = atlas.byLayer(await atlas.firing(number)), units = groups.reduce((sum, item) => sum + item.units.length, 0);
    page.title = `${state.name} · ${atlas.network.title}`;
    const around = [number - 1, number + 1].map((other, at) => classes.names[other] === undefined ? null
      : el("a", { href: atlas.classAddress(classes.names[other]), rel: at ? "next" : "prev" }, at ? "next" : "previous"));
    return [
      el("header", { class: "head classed" }, own(state.name, classes.own[number]),
        el("div", null, el("p", { class: "over" }, "Class"), el("h1", null, state.name),
          el("p", { class: "sub" }, units ? `Photos of it fire ${units} units of ${groups.length} layers most.` : "No photos of it fire any unit of this atlas among the most."),
          el("nav", { class: "steps", "aria-label": "Classes" }, around, el("a", { href: "#/class/" }, "all classes")))),
      el("div", { class: "sections" }, groups.map(item => group(state.name, item))),
      units ? el("p", { class: "note" }, "Bars: a unit's mean over the photos of this class, within its layer. A unit stands here if the class is among those that fire it most.") : null,
    ];
  };

  atlas.pages.classes = async (state, page) => {
    const { names, own: places, counts } = await atlas.classes();
    page.title = `Classes · ${atlas.network.title}`;
    const order = names.map((name, number) => number).sort((one, other) => names[one].localeCompare(names[other], "en", { numeric: true }));
    return [
      el("header", { class: "head" }, el("h1", null, "Classes"), el("p", { class: "sub" }, `${names.length}; the number tells how many units each fires most.`)),
      names.length ? el("ul", { class: "names wide" }, order.map(number => el("li", null,
        el("a", { href: atlas.classAddress(names[number]) }, names[number]), counts[number] ? el("small", null, ` ${counts[number]}`) : null,
        places[number] && !counts[number] ? el("small", null, " its picture") : null))) : el("p", { class: "said" }, "This atlas knows of no classes."),
    ];
  };
})();
