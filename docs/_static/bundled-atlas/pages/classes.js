"use strict";
// A class: its own picture, and the units that go with it, layer by layer; and the list of all classes.

(() => {
  const { el, section } = atlas;

  const own = (name, place) => {
    if (!place) return null;
    const [layer, index] = place, text = atlas.textOf(layer, index);
    return el("a", { class: "own", href: atlas.unitAddress(text) }, atlas.picture(atlas.large(layer, index), `the maximum activation of ${name}`), el("small", null, text));
  };

  const firing = (list, { layer, units }, told) => {
    const most = Math.max(...units.map(unit => Math.abs(unit.value)), 1e-12);
    return el("div", { class: "group" }, el("h3", null, atlas.network.layers[layer].name), el("ul", { class: "firing" }, units.map(({ index, value }) => {
      const text = atlas.textOf(layer, index);
      return el("li", null, el("a", { href: atlas.unitAddress(text, list), title: text }, atlas.picture(atlas.large(layer, index)), el("b", null, text),
        el("span", { class: "level" }, el("i", { style: { width: `${100 * Math.abs(value) / most}%` } })), el("small", null, told(value))));
    })));
  };

  const groups = (title, note, list, placed, told) => {
    const found = atlas.byLayer(placed, !list.taken);
    return found.length ? section(title, note, el("div", { class: "groups" }, found.map(item => firing(list, item, told)))) : null;
  };

  atlas.pages.class = async (state, page) => {
    const classes = await atlas.classes(), number = classes.numbers.get(state.name);
    if (number === undefined) return atlas.pages.nowhere({ text: state.name }, page);
    const [fire, taken] = await atlas.ofClass(number), { name } = state;
    page.title = `${name} · ${atlas.network.title}`;
    const around = [number - 1, number + 1].map((other, at) => classes.names[other] === undefined ? null
      : el("a", { href: atlas.classAddress(classes.names[other]), rel: at ? "next" : "prev" }, at ? "next" : "previous"));
    const count = (number, one, several) => number ? `${number} ${number === 1 ? one : several}` : null;
    const told = [count(fire.length, "unit fires for its photos", "units fire for its photos"), count(taken.length, "picture is taken for it", "pictures are taken for it")].filter(Boolean);
    return [
      el("header", { class: "head classed" }, own(name, classes.own[number]),
        el("div", null, el("p", { class: "over" }, "Class"), el("h1", null, name),
          el("p", { class: "sub" }, told.length ? told.join(" · ") : "No unit of this atlas has it among the classes that go with it most."),
          el("nav", { class: "steps", "aria-label": "Classes" }, around, el("a", { href: "#/class/" }, "all classes")))),
      el("div", { class: "sections" },
        groups("Units that its photos fire", "Units that have it among the classes that fire them most. Bars: their mean over its photos, within each layer.", { class: name }, fire, atlas.digits),
        groups("Units whose picture is taken for it", "What the network says of the picture that was made for them: the class's probability.", { class: name, taken: "1" }, taken, atlas.percent)),
    ];
  };

  atlas.pages.classes = async (state, page) => {
    const { names, own: places, counts } = await atlas.classes();
    page.title = `Classes · ${atlas.network.title}`;
    const order = names.map((name, number) => number).sort((one, other) => names[one].localeCompare(names[other], "en", { numeric: true }));
    return [
      el("header", { class: "head" }, el("h1", null, "Classes"), el("p", { class: "sub" }, `${names.length}; the number tells how many units go with each.`)),
      names.length ? el("ul", { class: "names wide" }, order.map(number => el("li", null,
        el("a", { href: atlas.classAddress(names[number]) }, names[number]), counts[number] ? el("small", null, ` ${counts[number]}`) : null,
        places[number] && !counts[number] ? el("small", null, " its picture") : null))) : el("p", { class: "said" }, "This atlas knows of no classes."),
    ];
  };
})();
