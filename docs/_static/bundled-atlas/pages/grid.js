"use strict";
// The activation atlas of a layer: what it sees anywhere in many photos, like beside like; and of one cell what is known.

(() => {
  const { el } = atlas;
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  const about = (layer, grid, number, known) => {
    const [row, column, count, classes, patches] = grid.cells[number];
    const bars = classes.map(([name, value]) => {
      const text = grid.classes[name];
      return { name: text, value, text: atlas.digits(value), href: known.has(text) ? atlas.classAddress(text) : null };
    });
    const pieces = patches.map((photo, rank) => {
      const name = grid.photos[photo], shown = atlas.picture(atlas.piece(layer, number, rank, grid.most, grid.cells.length), `a patch of ${name}`);
      return el("figure", { title: name }, shown, el("figcaption", null, el("small", null, atlas.parts.titled(name))));
    });
    return [
      atlas.picture(atlas.cell(layer, number, grid.cells.length), "the cell's picture"),
      el("div", null, el("h2", null, `Row ${row + 1}, column ${column + 1}`), el("p", { class: "note" }, `${count.toLocaleString("en")} activations`)),
      bars.length ? atlas.section("What they speak for", null, atlas.bars(bars)) : null,
      pieces.length ? atlas.section("Real patches", null, el("div", { class: "cells small" }, pieces)) : null,
    ].filter(Boolean);
  };

  /** The page's part below its head. */
  atlas.gridOf = async state => {
    const { layer } = state, [grid, { numbers }] = await Promise.all([atlas.load(`data/${layer}/grid`), atlas.classes()]);
    const at = new Map(grid.cells.map(([row, column], number) => [`${row},${column}`, number]));
    const beside = el("div", { class: "chosen", "aria-live": "polite" });
    let chosen = -1;

    const choose = number => {
      const [before, now] = [buttons[chosen], buttons[number]];
      if (before) Object.assign(before, { tabIndex: -1, ariaPressed: "false" });
      Object.assign(now, { tabIndex: 0, ariaPressed: "true" });
      chosen = number;
      beside.replaceChildren(...about(layer, grid, number, numbers));
    };

    const told = number => { // in the address too, so that a link can be sent
      choose(number);
      state.list.grid = grid.cells[number].slice(0, 2).join(",");
      history.replaceState(history.state, "", atlas.layerAddress(layer, state.list));
    };

    const buttons = grid.cells.map(([row, column, , classes], number) => {
      const names = classes.slice(0, 3).map(([name]) => grid.classes[name]).join(", ");
      const node = el("button", { type: "button", tabindex: -1, "aria-pressed": "false", title: names, onclick: () => told(number),
        "aria-label": `Row ${row + 1}, column ${column + 1}${names ? `: ${names}` : ""}`, style: { "grid-area": `${row + 1} / ${column + 1}` } });
      atlas.paint(node, atlas.cell(layer, number, grid.cells.length));
      return node;
    });

    const wall = el("div", { class: "seen", role: "group", "aria-label": "Cells: the arrow keys go from one to the next", style: { "--columns": grid.width }, onkeydown: event => {
      const step = STEPS[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      let [row, column] = grid.cells[chosen];
      for (let next; next === undefined; ) {
        row += step[0]; column += step[1];
        if (row < 0 || column < 0 || row >= grid.height || column >= grid.width) return;
        next = at.get(`${row},${column}`);
        if (next !== undefined) { told(next); buttons[next].focus(); }
      }
    } }, buttons);

    if (buttons.length) choose(at.get(state.list.grid) ?? at.get(`${grid.height >> 1},${grid.width >> 1}`) ?? 0);
    return [el("p", { class: "said" }, grid.about), el("div", { class: "grid" }, wall, beside)];
  };
})();
