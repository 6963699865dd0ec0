"use strict";
// A layer as a wall of all its units. Only the rows near the window exist: a hundred thousand units scroll as ten do.

(() => {
  const { el } = atlas;
  const GAP = 2, CAPTION = 18, CAPTIONED = 88; // pixels
  const SIDES = [32, 48, 64, 96, 128], PARALLEL = 6;
  let shown = null; // the wall on the page

  const kindOf = (across, place) => ({ across, place, known: [] });

  const usual = units => units <= 160 ? 96 : units <= 2500 ? 64 : 48;

  class Wall {
    constructor(layer, order, list, about, column) {
      Object.assign(this, { layer, order, list, column, active: 0, rows: new Map(), spare: [], queue: new Map(), loading: 0 });
      this.small = kindOf(32, atlas.small);
      this.large = kindOf(8, atlas.large);
      const name = this.name = atlas.network.layers[layer].name, [path, query] = atlas.unitAddress(`${name}:0`, list).split("?");
      this.link = [path.slice(0, -1), query === undefined ? "" : `?${query}`];
      this.dead = new Set(about.dead);
      this.bare = new Set(about.bare);
      this.node = el("div", { class: "wall", role: "group", "aria-label": `Units of ${name}` });
      this.node.addEventListener("keydown", event => this.key(event));
      this.node.addEventListener("focusin", event => { if (event.target.place !== undefined) this.choose(event.target.place); });
      this.draw = this.draw.bind(this);
      this.asked = false;
      this.watch = new ResizeObserver(() => this.measure());
      this.watch.observe(this.node);
      this.scrolled = () => {
        if (!this.asked) requestAnimationFrame(this.draw);
        this.asked = true;
      };
      addEventListener("scroll", this.scrolled, { passive: true });
    }

    close() {
      this.watch.disconnect();
      removeEventListener("scroll", this.scrolled);
      clearTimeout(this.rest);
    }

    measure() {
      const width = this.node.clientWidth, wanted = Number(this.list.px) || usual(this.order.length);
      if (!width || (width === this.width && wanted === this.wanted)) return;
      const first = this.start ?? this.first();
      this.start = undefined;
      Object.assign(this, { width, wanted });
      this.columns = Math.max(1, Math.floor((width + GAP) / (wanted + GAP)));
      this.side = Math.floor((width - GAP * (this.columns - 1)) / this.columns);
      this.captioned = this.side >= CAPTIONED;
      this.sharp = atlas.sharp(this.side);
      this.high = this.side + GAP + (this.captioned ? CAPTION : 0);
      this.node.style.height = `${Math.ceil(this.order.length / this.columns) * this.high}px`;
      this.node.style.setProperty("--side", `${this.side}px`);
      this.node.classList.toggle("captioned", this.captioned);
      this.node.replaceChildren();
      this.rows.clear();
      this.spare = [];
      if (first) scrollTo(0, scrollY - this.above() + Math.floor(first / this.columns) * this.high);
      this.draw();
    }

    /** The place of the first unit in the window. */
    first() {
      return this.rows.size ? Math.max(0, Math.floor(this.above() / this.high)) * this.columns : 0;
    }

    above() {
      return -this.node.getBoundingClientRect().top;
    }

    draw() {
      this.asked = false;
      if (!this.high) return;
      const last = Math.ceil(this.order.length / this.columns) - 1, above = this.above(), room = innerHeight;
      const from = Math.max(0, Math.floor((above - room * .4) / this.high));
      const to = Math.min(last, Math.ceil((above + room * 1.4) / this.high));
      for (const [number, row] of this.rows) {
        if (number < from || number > to) {
          this.rows.delete(number);
          this.spare.push(row);
        }
      }
      for (let number = from; number <= to; number++) if (!this.rows.has(number)) this.fill(number);
      for (const row of this.spare) row.hidden = true;
      if (this.sharp) {
        clearTimeout(this.rest);
        this.rest = setTimeout(() => this.sharpen(), 90);
      }
    }

    fill(number) {
      let row = this.spare.pop();
      if (!row) {
        row = el("div", { class: "row" }, Array.from({ length: this.columns }, () =>
          this.captioned ? el("a", null, el("small")) : el("a")));
        this.node.append(row);
      }
      row.hidden = false;
      row.style.transform = `translateY(${number * this.high}px)`;
      this.rows.set(number, row);
      const cells = row.children;
      for (let at = 0; at < this.columns; at++) this.cell(cells[at], number * this.columns + at);
    }

    cell(node, place) {
      const index = this.order[place];
      node.place = place;
      node.hidden = index === undefined;
      if (index === undefined) return;
      const channel = atlas.channelOf(this.layer, index), dead = this.dead.has(index), value = this.column?.values[index];
      node.index = index;
      node.setAttribute("href", `${this.link[0]}${channel}${this.link[1]}`);
      node.setAttribute("aria-label", `${this.name}:${channel}${dead ? ", dead" : ""}`);
      node.tabIndex = place === this.active ? 0 : -1;
      if (this.captioned) {
        const told = this.column && value !== null ? atlas.told(this.column.measure, value) : dead ? "dead" : this.named?.[index] ?? "";
        node.firstChild.textContent = `${channel}${told ? ` · ${told}` : ""}`;
      }
      this.paint(node, index);
    }

    /** Shows a unit's picture: the large one where it is here and wanted, else the small one. */
    paint(node, index) {
      const kinds = (this.dead.has(index) ? "dead" : "") + (this.bare.has(index) ? " bare" : "");
      const sharp = this.sharp && atlas.here(this.address(this.large, index)), kind = sharp ? this.large : this.small;
      node.className = sharp ? `sharp ${kinds}` : kinds;
      if (this.bare.has(index)) {
        node.style.backgroundImage = "";
        return;
      }
      const cell = index % (kind.across * kind.across), x = cell % kind.across, y = (cell - x) / kind.across;
      node.style.backgroundImage = this.image(kind, index);
      node.style.backgroundPosition = `-${x * this.side}px -${y * this.side}px`;
    }

    /** The address of the sheet of a unit's picture; and how a style names it. Each is made once. */
    address(kind, index) {
      return this.sheet(kind, index)[0];
    }

    image(kind, index) {
      return this.sheet(kind, index)[1];
    }

    sheet(kind, index) {
      const number = Math.floor(index / (kind.across * kind.across));
      let found = kind.known[number];
      if (!found) {
        const { address } = kind.place(this.layer, index);
        found = kind.known[number] = [address, `url("${address}")`];
      }
      return found;
    }

    /** The cells in or near the window that have pictures. */
    pictured() {
      return [...this.rows.values()].flatMap(row => [...row.children]).filter(node => !node.hidden && !this.bare.has(node.index));
    }

    /** Asks for the sheets of large pictures of what is in the window, once the small ones stand; those that serve most first. */
    async sharpen() {
      const standing = new Set(this.pictured().map(node => this.address(this.small, node.index)));
      await Promise.all([...standing].map(address => atlas.sheet(address).coming));
      if (shown !== this) return;
      this.queue.clear();
      for (const node of this.pictured()) {
        const box = node.getBoundingClientRect(), address = this.address(this.large, node.index);
        if (box.bottom > 0 && box.top < innerHeight && !atlas.here(address)) this.queue.set(address, (this.queue.get(address) ?? 0) + 1);
      }
      this.pictured().filter(node => !node.classList.contains("sharp")).forEach(node => this.paint(node, node.index));
      this.next();
    }

    next() {
      while (this.loading < PARALLEL && this.queue.size) {
        const [address] = [...this.queue].reduce((best, item) => item[1] > best[1] ? item : best);
        this.queue.delete(address);
        this.loading++;
        atlas.sheet(address).coming.then(fine => {
          this.loading--;
          if (fine) this.pictured().filter(node => this.address(this.large, node.index) === address).forEach(node => this.paint(node, node.index));
          if (shown === this) this.next();
        });
      }
    }

    choose(place) {
      const before = this.at(this.active);
      if (before) before.tabIndex = -1;
      this.active = place;
      const now = this.at(place);
      if (now) now.tabIndex = 0;
    }

    at(place) {
      return this.rows.get(Math.floor(place / this.columns))?.children[place % this.columns];
    }

    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
      if (!step || event.target.place === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const place = Math.min(this.order.length - 1, Math.max(0, this.active + step));
      const top = Math.floor(place / this.columns) * this.high - this.above(), head = 130;
      if (top < head) scrollBy(0, top - head);
      if (top + this.high > innerHeight - 20) scrollBy(0, top + this.high - innerHeight + 20);
      this.draw();
      this.choose(place);
      this.at(place)?.focus({ preventScroll: true });
    }
  }

  /** What the pointer is over, larger. */
  const peek = wall => {
    const node = el("aside", { class: "peek", hidden: true, "aria-hidden": "true" }), picture = el("span", { class: "picture" });
    const name = el("b"), value = el("small");
    node.append(picture, name, value);
    let rest = 0;
    wall.node.addEventListener("pointerover", event => {
      const cell = event.target.closest("a");
      clearTimeout(rest);
      if (event.pointerType === "touch" || !cell || wall.side >= 120 || wall.bare.has(cell.index)) return;
      const { index } = cell;
      rest = setTimeout(async () => {
        name.textContent = atlas.textOf(wall.layer, index);
        const told = wall.column && `${wall.column.measure.label} ${atlas.told(wall.column.measure, wall.column.values[index])}`;
        value.textContent = [told, wall.dead.has(index) ? "dead" : "", wall.named?.[index] ?? ""].filter(Boolean).join(" · ");
        atlas.paint(picture, atlas.small(wall.layer, index));
        node.hidden = false;
        const large = atlas.large(wall.layer, index), fine = await atlas.sheet(large.address).coming;
        if (fine && name.textContent === atlas.textOf(wall.layer, index)) atlas.paint(picture, large);
      }, node.hidden ? 120 : 30);
    });
    wall.node.addEventListener("pointerleave", () => { clearTimeout(rest); node.hidden = true; });
    return node;
  };

  const change = changes => atlas.go(atlas.layerAddress(atlas.state.layer, atlas.listed(changes)), true);

  const tools = (state, count) => {
    const { units, dead } = atlas.network.layers[state.layer], { list } = state, by = atlas.sorted(list);
    const falling = list.sort?.startsWith("-") ?? false, key = list.sort?.replace(/^-/, "") || "channel";
    const options = [["channel", "channel"], ...[...atlas.measures.values()].map(item => [item.key, item.label])];
    const sort = el("select", { id: "sort", onchange: event => change({ sort: event.target.value === "channel" ? null : `-${event.target.value}` }) },
      options.map(([value, text]) => el("option", { value, selected: value === key }, text)));
    const turn = el("button", { type: "button", id: "turn", "aria-label": falling ? "Largest first; turn round" : "Smallest first; turn round",
      title: falling ? "largest first" : "smallest first", onclick: () => change({ sort: falling ? (by ? key : null) : `-${key}` }) }, falling ? "↓" : "↑");
    const side = el("input", { id: "side", type: "range", min: 0, max: SIDES.length - 1, step: 1,
      value: String(nearest(Number(list.px) || usual(count))), oninput: event => change({ px: String(SIDES[event.target.value]) }) });
    const live = el("input", { id: "live", type: "checkbox", checked: Boolean(list.live), onchange: event => change({ live: event.target.checked ? "1" : null }) });
    const found = count === units ? `${units.toLocaleString("en")} units` : `${count.toLocaleString("en")} of ${units.toLocaleString("en")} units`;
    return el("div", { class: "bar" },
      el("span", { class: "count" }, found),
      el("span", { class: "field" }, el("label", { for: "sort" }, "sort by"), sort, turn),
      el("span", { class: "field" }, el("label", { for: "side" }, "size"), side),
      dead ? el("label", { class: "field" }, live, ` hide ${dead} dead`) : null);
  };

  const nearest = side => SIDES.reduce((best, item, at) => Math.abs(item - side) < Math.abs(SIDES[best] - side) ? at : best, 0);

  atlas.zoom = step => {
    const at = nearest(Number(atlas.state.list.px) || usual(shown?.order.length ?? 0)) + step;
    if (shown && SIDES[at]) change({ px: String(SIDES[at]) });
  };

  const neighbours = (number, list) => [[number - 1, "up: "], [number + 1, "down: "]].map(([other, word]) => {
    const layer = atlas.network.layers[other];
    return layer ? el("a", { href: atlas.layerAddress(other, { ...list, q: null }), rel: word === "up: " ? "prev" : "next" }, word, layer.name) : null;
  });

  const head = (state, layer) => el("header", { class: "head" },
    el("div", { class: "beside" }, el("h1", null, layer.name), el("nav", { class: "steps", "aria-label": "Layers" }, neighbours(state.layer, state.list))),
    el("p", { class: "sub" }, [layer.kind, ...atlas.sizes(layer)].filter(Boolean).join(" · ")),
    layer.grid ? el("nav", { class: "steps", "aria-label": "What is shown" }, [["Units", null], ["Activation atlas", state.list.grid ?? "all"]].map(([name, grid]) =>
      el("a", { href: atlas.layerAddress(state.layer, { ...state.list, grid }), "aria-current": Boolean(grid) === Boolean(state.list.grid) ? "page" : null }, name))) : null);

  atlas.pages.layer = async (state, page) => {
    const layer = atlas.network.layers[state.layer], by = atlas.sorted(state.list);
    if (layer.grid && state.list.grid) {
      page.title = `What ${layer.name} sees · ${atlas.network.title}`;
      return [head(state, layer), ...await atlas.gridOf(state)];
    }
    const [about, order] = await Promise.all([atlas.load(`data/${state.layer}/layer`), atlas.order(state.layer, state.list)]);
    const column = by ? { measure: by.measure, values: await atlas.column(state.layer, by.measure) } : null;
    page.title = `${layer.name} · ${atlas.network.title}`;
    const alike = shown?.layer === state.layer && shown.node.isConnected && shown.order.length === order.length && shown.list.sort === state.list.sort;
    const start = alike ? shown.first() : 0;
    shown?.close();
    shown = new Wall(state.layer, order, state.list, about, column);
    if (start) shown.start = start;
    page.left = () => { shown?.close(); shown = null; };
    if (about.labels) {
      const { names } = await atlas.classes();
      shown.named = about.labels.map(label => label === null ? "" : names[label].split(",")[0]);
    }
    atlas.say(`${order.length} units`);
    return [
      head(state, layer),
      tools(state, order.length),
      order.length ? shown.node : el("p", { class: "said" }, "No unit of this layer is found by these words."),
      peek(shown),
    ];
  };
})();
