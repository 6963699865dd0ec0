"use strict";
// The atlas' data: scripts that hand texts over, and sheets of pictures. Nothing is fetched: a page on a disk may not.

const atlas = { pages: {} };

(() => {
  const KEPT = 600; // scripts and sheets that are held ready
  const given = new Map(), asked = new Map(), sheets = new Map();

  const remember = (map, name, make) => {
    let found = map.get(name);
    if (found) map.delete(name); // what is used last stands last
    else found = make();
    map.set(name, found);
    if (map.size > KEPT) map.delete(map.keys().next().value);
    return found;
  };

  atlas.put = (name, text) => given.set(JSON.parse(name), JSON.parse(text));

  /** The data of a script, once it has come. */
  atlas.load = name => remember(asked, name, () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const ended = () => {
      script.remove();
      const found = given.get(name);
      given.delete(name);
      if (found !== undefined) return resolve(found);
      asked.delete(name);
      reject(new Error(`The file ${name}.js of this atlas is missing or damaged.`));
    };
    script.addEventListener("load", ended);
    script.addEventListener("error", ended);
    script.src = `${name}.js`;
    document.head.append(script);
  }));

  /** A sheet of pictures: its address, whether it is here, and a promise of it. */
  atlas.sheet = address => remember(sheets, address, () => {
    const image = new Image(), found = { address, ready: false, image };
    found.coming = new Promise(resolve => {
      image.addEventListener("load", () => { found.ready = true; resolve(true); });
      image.addEventListener("error", () => { sheets.delete(address); resolve(false); });
    });
    image.src = address;
    return found;
  });

  atlas.here = address => sheets.get(address)?.ready ?? false;

  const SMALL = { name: "s32", across: 32 }, LARGE = { name: "s128", across: 8 };
  const SHARP = 44; // pixels of the screen from which on small tiles would look soft

  const rows = (count, across, most, number) => Math.min(most, Math.ceil((count - number * across * most) / across));

  /** Where a cell of a kind of sheets is: of `count` cells in sheets of `across` by `most`. */
  const place = (folder, name, across, most, count, cell) => {
    const number = Math.floor(cell / (across * most));
    return {
      address: `data/${folder}${name}-${number}.${atlas.network.ending}`,
      across, rows: rows(count, across, most, number), cell: cell % (across * most),
    };
  };

  const chief = (layer, index, kind) => {
    const count = atlas.network.layers[layer].units;
    return place(`${layer}/`, kind.name, kind.across, kind.across, count, index);
  };

  const share = (at, count) => count > 1 ? `${at / (count - 1) * 100}%` : "0";

  /** Lets an element show a cell of a sheet; it scales with the element. */
  const paint = (node, tile) => {
    const style = node.style;
    style.backgroundImage = `url("${tile.address}")`;
    style.backgroundSize = `${tile.across * 100}% ${tile.rows * 100}%`;
    style.backgroundPosition = `${share(tile.cell % tile.across, tile.across)} ${share(Math.floor(tile.cell / tile.across), tile.rows)}`;
  };
  atlas.paint = paint;

  atlas.sharp = side => side * devicePixelRatio > SHARP;
  atlas.small = (layer, index) => chief(layer, index, SMALL);
  atlas.large = (layer, index) => chief(layer, index, LARGE);
  atlas.view = (layer, index, view) => {
    const own = atlas.network.side <= 128 ? 1 : 0, across = atlas.network.views.length - own; // the chief one is large as it is
    if (view < own) return atlas.large(layer, index);
    return place(`${layer}/`, "views", across, 8, atlas.network.layers[layer].units * across, index * across + view - own);
  };
  atlas.patch = (layer, index, kind, rank) => {
    const kinds = atlas.network.patches, across = kinds.reduce((sum, item) => sum + item[3], 0);
    const before = kinds.slice(0, kind).reduce((sum, item) => sum + item[3], 0);
    return place(`${layer}/`, "patches", across, 8, atlas.network.layers[layer].units * across, index * across + before + rank);
  };
  atlas.cell = (layer, at, count) => place(`${layer}/`, "cells", 16, 16, count, at);
  atlas.piece = (layer, at, rank, most, count) => place(`${layer}/`, "pieces", most, 16, count * most, at * most + rank);
  atlas.front = (layer, part) => place("", "front", 12, 8, atlas.network.layers.length * 12, layer * 12 + part);

  /** The place of a channel in its layer; undefined where the atlas has no such unit. */
  atlas.indexOf = (layer, channel) => {
    const { numbered, units } = atlas.network.layers[layer];
    if (numbered) {
      const found = numbered.indexOf(channel);
      return found < 0 ? undefined : found;
    }
    return channel < units ? channel : undefined;
  };
  atlas.channelOf = (layer, index) => atlas.network.layers[layer].numbered?.[index] ?? index;
  atlas.textOf = (layer, index) => `${atlas.network.layers[layer].name}:${atlas.channelOf(layer, index)}`;

  /** A unit's text as { layer, index }; null where the atlas has no such unit. */
  atlas.unitOf = text => {
    const found = /^(.*):(\d{1,9})$/s.exec(text), layer = found ? atlas.numbers.get(found[1]) : undefined;
    const index = layer === undefined ? undefined : atlas.indexOf(layer, Number(found[2]));
    return index === undefined ? null : { layer, index };
  };

  const SHARD = 64;
  atlas.unit = async (layer, index) => {
    const shard = await atlas.load(`data/${layer}/units-${Math.floor(index / SHARD)}`);
    return { ...shard.units[index % SHARD], texts: shard.texts };
  };
  /** The units that fire for a class, and those whose picture is taken for it. */
  atlas.ofClass = async number => (await atlas.load(`data/class-${Math.floor(number / SHARD)}`))[number % SHARD];

  atlas.start = async () => {
    const network = await atlas.load("data/network");
    atlas.network = network;
    atlas.numbers = new Map(network.layers.map((layer, number) => [layer.name, number]));
    atlas.measures = new Map(network.measures.map(([key, label, about, percent, scale, wary], number) =>
      [key, { key, label, about, percent, scale, wary, number }]));
  };

  atlas.classes = async () => {
    const found = await atlas.load("data/classes");
    found.numbers ??= new Map(found.names.map((name, number) => [name, number]));
    return found;
  };
})();
