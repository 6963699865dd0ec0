"use strict";
// Lists of units: found by words, sorted by a number, with or without the dead ones.

(() => {
  const words = text => (text ?? "").toLowerCase().split(/\s+/).filter(Boolean);

  /** Which units of a layer the words find: by channel, class or photo; null where there are no words. */
  const found = async (layer, text) => {
    const wanted = words(text);
    if (!wanted.length) return null;
    const [about, search, classes] = await Promise.all(
      [atlas.load(`data/${layer}/layer`), atlas.load(`data/${layer}/search`), atlas.classes()]);
    const name = atlas.network.layers[layer].name.toLowerCase();
    const tests = wanted.map(word => {
      const span = /^(?:(.*):)?(\d+)(?:-(\d+))?$/.exec(word);
      const first = span && Number(span[2]), last = span && Number(span[3] ?? span[2]);
      const here = span && (span[1] === undefined || name === span[1]);
      const kinds = new Set(), photos = new Set();
      classes.names.forEach((text, number) => { if (text.toLowerCase().includes(word)) kinds.add(number); });
      if (!span) search.photos.forEach((text, number) => { if (text.toLowerCase().includes(word)) photos.add(number); });
      return index => {
        const channel = atlas.channelOf(layer, index);
        if (here && channel >= first && channel <= last) return true;
        if (span) return false;
        return kinds.has(about.labels?.[index]) || search.classes[index].some(kind => kinds.has(kind))
          || search.shown[index].some(photo => photos.has(photo));
      };
    });
    return index => tests.every(test => test(index));
  };

  /** The numbers of one measure, unit by unit. */
  atlas.column = (layer, measure) => atlas.load(`data/${layer}/by-${measure.number}`);

  atlas.sorted = list => {
    const key = list.sort?.replace(/^-/, ""), measure = key ? atlas.measures.get(key) : undefined;
    return measure ? { measure, falling: list.sort.startsWith("-") } : null;
  };

  /** The places in a layer of the units of a list, in its order. */
  atlas.order = async (layer, list) => {
    const about = await atlas.load(`data/${layer}/layer`), test = await found(layer, list.q), by = atlas.sorted(list);
    const dead = list.live ? new Set(about.dead) : null;
    const order = [];
    for (let index = 0; index < about.units; index++) {
      if (!(dead?.has(index)) && (!test || test(index))) order.push(index);
    }
    if (by) {
      const column = await atlas.column(layer, by.measure), sign = by.falling ? -1 : 1;
      const last = index => column[index] === null || column[index] === undefined;
      order.sort((one, other) => last(one) - last(other) || (last(one) ? 0 : sign * (column[one] - column[other])) || one - other);
    } else if (list.sort === "-channel") order.reverse();
    return order;
  };

  /** All units of the list in view, as { layer, index }: of a layer, or of a class over the layers. */
  atlas.around = async (layer, list) => {
    const number = list.class ? (await atlas.classes()).numbers.get(list.class) : undefined;
    if (number === undefined) return (await atlas.order(layer, list)).map(index => ({ layer, index }));
    const [firing, taken] = await atlas.ofClass(number), kind = list.taken ? taken : firing;
    return atlas.byLayer(kind, !list.taken).flatMap(group => group.units.map(item => ({ layer: group.layer, index: item.index })));
  };

  /** Units of a class, layer by layer, the strongest first; or first those in which the class ranks highest. */
  atlas.byLayer = (placed, byRank) => {
    const groups = new Map();
    for (const [layer, index, value, rank] of placed) {
      if (!groups.has(layer)) groups.set(layer, []);
      groups.get(layer).push({ index, value, rank });
    }
    return [...groups].sort(([one], [other]) => one - other).map(([layer, units]) =>
      ({ layer, units: units.sort((one, other) => (byRank && one.rank - other.rank) || other.value - one.value) }));
  };
})();
