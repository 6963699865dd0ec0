"use strict";
// What a unit's page is made of: each a section of what is known of a unit, or nothing where nothing is.

(() => {
  const { el, section } = atlas;
  const parts = {};
  atlas.parts = parts;

  const figure = (tile, caption, note, kind) =>
    el("figure", { class: kind ?? null }, atlas.picture(tile, [caption, note].filter(Boolean).join(", ")),
      el("figcaption", null, el("b", null, caption), note ? el("small", null, note) : null));

  parts.pictures = ({ layer, index, about }) => {
    const views = about.views ?? [];
    if (!views.length) return section("Made for it", about.dead ? "It never fired, on the photos or on any picture that was tried." : "No picture of it was made.");
    const cells = views.map(([view, value]) => {
      const [, label] = atlas.network.views[view];
      return figure(atlas.view(layer, index, view), label, value === null || value === undefined ? null : `value ${atlas.digits(value)}`);
    });
    return section("Made for it", atlas.network.views[0][2], el("div", { class: "cells made" }, cells));
  };

  const room = pair => matchMedia("(max-width: 859px)").matches ? (pair ? 190 : 360) : 560;

  parts.values = ({ about }, pair = false) => about.histogram
    ? section("Values in photos", "Its largest value in each photo; the marks are the best photo's and the made picture's.", atlas.histogram(about.histogram, "How often its largest value in a photo falls where", room(pair)))
    : null;

  /** A photo's name without its ending. */
  parts.titled = name => name.replace(/\.\w{1,5}$/, "");

  const frame = ends => el("i", { class: "fired", style: Object.fromEntries(["left", "top", "width", "height"].map((side, at) => [side, `${ends[at]}%`])) });

  const patchesOf = ({ layer, index, about }, kind, number) => (about.patches?.[kind] ?? []).map(([value, photo, fired], rank) => {
    const name = about.texts[photo], shown = atlas.picture(atlas.patch(layer, index, number, rank), `a patch of ${name}, value ${atlas.digits(value)}`);
    if (fired) shown.append(frame(fired));
    return el("figure", { title: name }, shown,
      el("figcaption", null, el("b", null, atlas.digits(value)), el("small", null, parts.titled(name))));
  });

  parts.patches = (unit, compact = false) => atlas.network.patches.map(([kind, label, note], number) => {
    const cells = patchesOf(unit, kind, number);
    const few = atlas.network.patches.every(([, , , most], at) => most <= (at ? 3 : 6)); // all kinds stand in one row
    const width = compact ? 12 : few ? (number ? 3 : 6) : number ? 6 : 12;
    const placed = Math.max(...atlas.network.layers[unit.layer].shape ?? [1]) > 1; // else they are whole photos
    return cells.length ? section(label, placed ? note : null, el("div", { class: `cells ${few || number === 0 ? "first" : "small"}` }, cells), width) : null;
  });

  parts.fires = ({ about, classes }) => about.classes?.length
    ? section("Classes that fire it", "Its mean over the photos of each class, and how many photos there were.", atlas.bars(about.classes.map(([name, value, count]) =>
      ({ name: classes.names[name], value, text: `${atlas.digits(value)} · ${count}`, href: atlas.classAddress(classes.names[name]) }))))
    : null;

  parts.likeliest = ({ about, classes }) => about.likeliest?.length
    ? section("The network takes its picture for", null, atlas.bars(about.likeliest.map(([name, share]) =>
      ({ name: classes.names[name], value: share, most: 1, text: atlas.percent(share), href: atlas.classAddress(classes.names[name]) }))))
    : null;

  const told = (value, sign) => sign ? `${value > 0 ? "+" : ""}${atlas.digits(value)}` : `r ${atlas.digits(value)}`;

  /** Other units as pictures; those that the atlas has none of as rows. */
  const linked = (title, note, ends, sign, width, texts = []) => {
    if (!ends?.length) return null;
    const here = ends.filter(([text]) => atlas.unitOf(text)), rest = ends.filter(([text]) => !atlas.unitOf(text));
    const thumbs = here.map(([text, value, through]) => atlas.thumb(text, told(value, sign), sign ? Math.sign(value ?? 0) : 0, texts[through]));
    return section(title, note, [
      here.length ? el("div", { class: "cells links" }, thumbs) : null,
      rest.length ? atlas.bars(rest.map(([text, value]) => ({ name: text, value: value ?? 0, text: told(value, sign), signed: sign }))) : null,
    ], width);
  };

  parts.links = ({ about }, width = 6) => [
    linked("What feeds it", "Units of earlier layers by the sum of their weights: warm excites, cold inhibits.", about.feeds, true, width, about.texts),
    linked("What it feeds", "Units of later layers, likewise.", about.fed, true, width, about.texts),
  ];

  parts.nearest = ({ layer, about }, width = 6) => {
    const within = [], across = [];
    for (const end of about.nearest ?? []) (atlas.unitOf(end[0])?.layer === layer || end[0].startsWith(`${atlas.network.layers[layer].name}:`) ? within : across).push(end);
    return [
      linked("Nearest in its layer", "Units whose values go with its own in photos; r is their correlation.", within, false, width),
      linked("Nearest in other layers", "Likewise.", across, false, width),
    ];
  };

  const interval = (measure, ends) => ends ? `${atlas.told(measure, ends[0])} to ${atlas.told(measure, ends[1])}` : null;

  parts.measured = ({ about }) => [...atlas.measures.values()].filter(measure => about.numbers?.[measure.key] !== undefined).map(measure =>
    [measure.label, atlas.told(measure, about.numbers[measure.key]), atlas.mark(measure, about.numbers[measure.key]), interval(measure, about.intervals?.[measure.key])]);

  parts.legend = () => {
    const told = [...atlas.measures.values()].filter(measure => measure.about);
    return told.length ? el("details", { class: "legend" }, el("summary", null, "What the numbers say"),
      el("dl", null, told.map(measure => el("div", null, el("dt", null, measure.label), el("dd", null, measure.about,
        measure.scale ? ` The dots go from ${atlas.told(measure, measure.scale[0])} to ${atlas.told(measure, measure.scale[1])}.` : "",
        typeof measure.wary === "number" ? ` Below ${atlas.told(measure, measure.wary)} they are red: be wary of the picture.` : ""))))) : null;
  };

  const record = (recipe, text) => {
    const own = JSON.parse(JSON.stringify(recipe));
    if (own.arguments) own.arguments.units = [text];
    return JSON.stringify(own, null, 1);
  };

  parts.records = ({ about, text }) => {
    const made = new Map((about.views ?? []).filter(view => view[2] !== null && view[2] !== undefined).map(([view, , recipe]) => [recipe, view]));
    if (!made.size) return null;
    const box = el("details", { class: "legend" }, el("summary", null, "Records: how its pictures were made"));
    box.addEventListener("toggle", async () => {
      if (!box.open || box.children.length > 1) return;
      const recipes = await atlas.load("data/recipes");
      box.append(el("div", { class: "records" }, [...made].map(([recipe, view]) => el("div", null,
        el("h3", null, atlas.network.views[view][1].replace(/^view \d+$/, "the views")), el("pre", { tabindex: 0 }, record(recipes[recipe], text))))));
    });
    return box;
  };

  parts.notes = ({ about }) => about.notes?.length ? el("div", { class: "notes" }, about.notes.map(text => el("p", null, text))) : null;
})();
