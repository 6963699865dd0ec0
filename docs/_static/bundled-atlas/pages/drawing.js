"use strict";
// Elements, pictures, bars and marks. Every text of the atlas becomes a text node: none of it is ever markup.

(() => {
  const SVG = "http://www.w3.org/2000/svg";

  const filled = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (name === "style") Object.entries(value).forEach(([key, text]) => node.style.setProperty(key, text));
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
    return node;
  };

  const el = (name, attributes, ...children) => filled(document.createElement(name), attributes, children);
  const svg = (name, attributes, ...children) => filled(document.createElementNS(SVG, name), attributes, children);
  atlas.el = el;
  atlas.svg = svg;

  /** Three digits that tell. */
  const digits = value => {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (value === 0) return "0";
    const text = size >= 1e6 || size < 1e-4 ? value.toExponential(1) : size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
    return text.replace("-", "−");
  };
  const percent = value => value > 0 && value < 0.001 ? "< 0.1 %" : `${(100 * value).toFixed(value < 0.0995 ? 1 : 0)} %`;
  atlas.digits = digits;
  atlas.told = (measure, value) => value === null || value === undefined ? "–" : measure.percent ? percent(value) : digits(value);
  atlas.percent = percent;

  /** A picture of a tile; one that is not here yet shows what lies under it. */
  const picture = (tile, label, kind) => {
    const node = el("span", label ? { class: `picture ${kind ?? ""}`, role: "img", "aria-label": label } : { class: `picture ${kind ?? ""}` });
    if (tile) atlas.paint(node, tile);
    else node.classList.add("bare");
    return node;
  };
  atlas.picture = picture;

  /** A unit's chief picture as a link, with what stands below it. */
  atlas.thumb = (text, below, sign, through) => {
    const unit = atlas.unitOf(text);
    const note = below ? el("small", { class: sign > 0 ? "more" : sign < 0 ? "less" : null }, below) : null;
    const title = through ? `${text}, through ${through}` : text, at = text.lastIndexOf(":") + 1;
    const caption = el("figcaption", null, el("b", null, text.slice(0, at), el("wbr"), text.slice(at)), note);
    if (!unit) return el("figure", { class: "thumb", title }, picture(null), caption);
    const shown = picture(atlas.large(unit.layer, unit.index));
    return el("figure", { class: "thumb", title },
      el("a", { href: atlas.unitAddress(text) }, shown, caption));
  };

  /** Rows of a name, a bar and a number. */
  atlas.bars = rows => {
    const most = Math.max(...rows.map(row => Math.abs(row.value)), 1e-12);
    return el("ul", { class: "bars" }, rows.map(row => el("li", null,
      row.href ? el("a", { href: row.href }, row.name) : el("span", null, row.name),
      el("i", { class: row.signed ? (row.value < 0 ? "less" : "more") : row.value < 0 ? "less" : null, style: { width: `${100 * Math.abs(row.value) / (row.most ?? most)}%` } }),
      el("b", null, row.text))));
  };

  /** How good a number is, as five dots. */
  atlas.mark = (measure, value) => {
    if (!measure.scale || value === null || value === undefined) return null;
    const [worst, best] = measure.scale, share = Math.min(1, Math.max(0, (value - worst) / (best - worst)));
    const wary = typeof measure.wary === "number" && value < measure.wary, full = Math.min(wary ? 4 : 5, Math.round(share * 5));
    return el("span", { class: wary ? "mark wary" : "mark", role: "img", "aria-label": `${full} of 5${wary ? ", be wary" : ""}`, title: wary ? "be wary" : null },
      [0, 1, 2, 3, 4].map(dot => el("i", { class: dot < full ? "on" : null })));
  };

  /** A histogram with named marks. */
  atlas.histogram = ({ low, high, heights, marks = [] }, label, width = 560) => {
    const high_ = 120, top = 34;
    const least = Math.min(low, ...marks.map(mark => mark[1])), most = Math.max(high, ...marks.map(mark => mark[1]));
    const x = value => (value - least) / (most - least || 1) * width, bar = (high - low) / heights.length;
    const drawn = svg("svg", { viewBox: `0 0 ${width} ${top + high_ + 22}`, role: "img", "aria-label": label });
    heights.forEach((height, at) => {
      if (!height) return;
      const tall = Math.max(1, height * high_), left = x(low + at * bar);
      drawn.append(svg("rect", { x: left, y: top + high_ - tall, width: Math.max(1, x(low + (at + 1) * bar) - left - 1), height: tall }));
    });
    drawn.append(svg("line", { x1: 0, x2: width, y1: top + high_ + .5, y2: top + high_ + .5 }));
    if (least < 0 && most > 0) drawn.append(svg("line", { class: "zero", x1: x(0), x2: x(0), y1: top, y2: top + high_ }));
    drawn.append(svg("text", { x: 0, y: top + high_ + 17 }, digits(least)));
    drawn.append(svg("text", { x: width, y: top + high_ + 17, "text-anchor": "end" }, digits(most)));
    const pointers = [...marks].sort((one, other) => one[1] - other[1]).map(([name, value], at) => {
      const left = x(value), end = left > width / 2, line = 10 + 15 * (at % 2);
      drawn.append(svg("line", { class: "pointer", x1: left, x2: left, y1: line + 4, y2: top + high_ }));
      return svg("text", { class: "name", x: left + (end ? -5 : 5), y: line + 6, "text-anchor": end ? "end" : "start" }, `${name} ${digits(value)}`);
    });
    drawn.append(...pointers); // over the lines, which they may cross
    return drawn;
  };

  /** A layer's map as a slab: its face as large as the map, its depth by its channels. */
  atlas.slab = (layer, largest) => {
    const face = layer.shape ? Math.max(5, 34 * Math.sqrt(Math.max(...layer.shape) / largest)) : 5;
    const deep = Math.max(3, 2.6 * Math.log2(1 + layer.channels)), lean = deep * .5;
    const left = (64 - face - deep) / 2, top = (60 - face - lean) / 2 + lean;
    const points = list => list.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    const [x, y, right, bottom] = [left, top, left + face, top + face];
    return svg("svg", { class: "slab", viewBox: "0 0 64 60", "aria-hidden": "true" },
      svg("polygon", { class: "over", points: points([[x, y], [x + deep, y - lean], [right + deep, y - lean], [right, y]]) }),
      svg("polygon", { class: "beside", points: points([[right, y], [right + deep, y - lean], [right + deep, bottom - lean], [right, bottom]]) }),
      svg("rect", { class: "face", x, y, width: face, height: face }));
  };

  /** Facts: names over values. */
  atlas.facts = pairs => el("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, value, mark, interval]) =>
    el("div", null, el("dt", null, name), el("dd", null, value, interval ? el("small", null, interval) : null, mark ?? null))));

  atlas.section = (title, note, content, width = 12, kind = "") =>
    el("section", { class: `w${width} ${kind}` }, el("h2", null, title), note ? el("p", { class: "note" }, note) : null, content);

  atlas.sizes = layer => [
    layer.shape ? `${layer.channels} × ${layer.shape[0]} × ${layer.shape[1]}` : `${layer.channels} values`,
    layer.sees ? `sees ${layer.sees[0] === layer.sees[1] ? layer.sees[0] : `${layer.sees[0]} × ${layer.sees[1]}`} px` : null,
  ].filter(Boolean);

  atlas.say = text => { document.getElementById("heard").textContent = text; };
})();
