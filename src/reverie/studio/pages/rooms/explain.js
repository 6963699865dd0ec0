// Explain: what the network takes the photo for, what it sees at a position, and where its evidence is.

import { address, go, to } from "../parts/address.js";
import { Command } from "../parts/command.js";
import { html, useEffect, useRef, useState } from "../parts/draw.js";
import { Fields } from "../parts/fields.js";
import { form, job, useSchema } from "../parts/forms.js";
import { useKeys } from "../parts/keys.js";
import { studio } from "../parts/live.js";
import { asMask, painted, Painting, wipe } from "../parts/painting.js";
import { Bring, Choose, use } from "../parts/picker.js";
import { ClassBars, useAnswer } from "../parts/questions.js";
import { picture, upload } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { kept, photo, tried } from "../parts/store.js";
import { parts, spoken, UnitPicture } from "../parts/units.js";
import { EXPLAIN } from "./kinds.js";
import { drawMaps, Maps, Methods } from "./maps.js";

const looked = kept("explain.layer", null);

/** A rectangle over the picture; its sides are shares of the picture's. */
function Frame({ sides: [top, left, bottom, right], dot }) {
  const box = useRef();
  useEffect(() => {
    const values = { top, left, width: right - left, height: bottom - top };
    Object.entries(values).forEach(([name, value]) => {
      box.current.style[name] = `${value * 100}%`;
    });
  });
  return html`<span class="cross ${dot ? "dot" : ""}" ref=${box}></span>`;
}

const cell = ({ row, column, rows, columns }) => [
  row / rows,
  column / columns,
  (row + 1) / rows,
  (column + 1) / columns,
];

/** Where the pointer is on the picture, in shares of its sides; arrow keys move it too. */
function Looking({ at, setAt, found }) {
  const place = event => {
    const own = event.currentTarget.getBoundingClientRect();
    const share = (value, low, extent) =>
      Math.round(Math.min(0.999, Math.max(0, (value - low) / extent)) * 1000) / 1000;
    setAt([share(event.clientX, own.left, own.width), share(event.clientY, own.top, own.height)]);
  };
  const press = event => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    setAt(
      (at || [0.5, 0.5]).map((value, axis) =>
        Math.min(0.999, Math.max(0, Math.round((value + way[axis] * 0.04) * 1000) / 1000)),
      ),
    );
  };
  return html`<div
      class="over looking"
      tabindex="0"
      role="application"
      aria-label="Position: move over the picture, or with the arrow keys"
      onPointerMove=${event => event.pointerType === "mouse" && place(event)}
      onClick=${place}
      onKeyDown=${press}
    ></div>
    ${at && found && html`<${Frame} sides=${cell(found)} dot />${found.field && html`<${Frame} sides=${found.field} />`}`}`;
}

function Seen({ at, found, missing, layer }) {
  const layers = studio.get().network.layers.filter(item => item.main && item.size);
  return html`<section>
    <h2>Seen here</h2>
    <div class="field">
      <label for="seen-layer">By layer</label
      ><select id="seen-layer" onChange=${event => looked.set(event.target.value)}>
        ${layers.map(item => html`<option key=${item.name} value=${item.name} selected=${item.name === layer}>${item.name}</option>`)}
      </select>
    </div>
    ${
      !at
        ? html`<p class="small muted">Move over the photo: the units that answer most at that position stand here.</p>`
        : missing
          ? html`<p class="small warn">${missing}</p>`
          : found &&
            html`<p class="small muted">
                Row ${found.row + 1} of ${found.rows}, column ${found.column + 1} of ${found.columns}
              </p>
              <ul class="seen">
                ${found.units.map(
                  ({ unit, value, share }) =>
                    html`<li key=${unit}>
                      <a href=${to("unit", { unit })} class="thumb" aria-label=${unit}
                        ><${UnitPicture} unit=${unit}
                      /></a>
                      <span class="small mono" title="${unit}: ${value.toPrecision(3)}">${unit.split(":").pop()}</span
                      ><span class="small muted" title="Share of its largest on this photo"
                        >${Math.round(share * 100)} %</span
                      >
                    </li>`,
                )}
              </ul>`
    }
  </section>`;
}

/** The index of the class that maps are of; -1 where it is the top one, or a unit that is no class. */
function chosenClass(unit = "") {
  const { layer, channel } = parts(unit);
  const text = unit.replace(/^logits:"?|"$/g, "");
  return layer === "logits" && channel !== null
    ? channel
    : studio.get().network.classes.findIndex(name => name === text || name.split(",")[0] === text);
}

/** A region that is painted is covered, and the classes are asked again. */
function useCover(shown) {
  const [cover, setCover] = useState(null);
  const canvas = useRef();
  useEffect(() => setCover(null), [shown?.pic]);
  const keep = async painting => {
    if (!painted(painting)) return setCover(null);
    const found = await tried(async () => upload(await asMask(painting)));
    return found && setCover(found.id);
  };
  const clear = () => {
    wipe(canvas.current);
    setCover(null);
  };
  return { cover, canvas, keep, clear };
}

export function Explain() {
  const shown = photo.use();
  const store = form("explain");
  const own = store.use();
  const schema = useSchema("explain");
  const { asked } = address.use();
  const { network } = studio.use();
  const [tool, setTool] = useState("look");
  const [erase, setErase] = useState(false);
  const [at, setAt] = useState(null);
  const layers = network.layers.filter(item => item.main && item.size);
  const kept_ = looked.use();
  const layer = layers.some(item => item.name === kept_)
    ? kept_
    : network.default_layer && layers.some(item => item.name === network.default_layer)
      ? network.default_layer
      : layers[layers.length - 1].name;
  const { cover, canvas, keep, clear } = useCover(shown);
  const plain = useAnswer("/api/ask/classes", shown && { picture: shown.pic, most: 8 });
  const covered = useAnswer("/api/ask/classes", shown && cover ? { picture: shown.pic, most: 8, mask: cover } : null);
  const seen = useAnswer(
    "/api/ask/position",
    shown && at && tool === "look" ? { picture: shown.pic, layer, x: at[0], y: at[1], most: 10 } : null,
  );
  const put = more => store.set(now => ({ ...now, settings: { ...now.settings, ...more } }));
  useEffect(() => {
    if (asked.unit) {
      put({ unit: asked.unit });
      go("/explain", { instead: true });
    }
  }, [asked.unit]);
  useEffect(() => setAt(null), [shown?.pic]);
  useKeys(
    {
      "Ctrl+Enter": ["draw the maps", drawMaps],
      l: ["look at a position", () => setTool("look")],
      m: ["paint a region away", () => setTool("paint")],
    },
    [],
  );
  const now = covered.found || plain.found;
  return html`<div class="bench">
    <div class="column">
      <section class="stage tall ${shown ? "under-tools" : ""}" aria-label="Photo">
        ${
          shown
            ? html`<div class="toolbar" role="toolbar" aria-label="Photo">
                  <button type="button" aria-pressed=${tool === "look"} onClick=${() => setTool("look")}>Look</button>
                  <button type="button" aria-pressed=${tool === "paint"} onClick=${() => setTool("paint")}>
                    Paint away
                  </button>
                  ${tool === "paint" && html`<button type="button" aria-pressed=${erase} onClick=${() => setErase(!erase)}>Erase</button><button type="button" onClick=${clear}>Clear</button>`}
                  <${Choose} take=${use} label="Another photo" /><button
                    type="button"
                    aria-label="Put the photo away"
                    onClick=${() => photo.set(null)}
                  >
                    ×
                  </button>
                </div>
                <${Print} src=${picture(shown.pic)} alt=${shown.name}>
                  <${Painting}
                    key=${shown.pic}
                    width=${shown.width || 1}
                    height=${shown.height || 1}
                    brush=${0.09}
                    erase=${erase}
                    changed=${keep}
                    canvas=${canvas}
                    stored=${null}
                    label="Region to paint away: arrows move the brush, space paints"
                  />
                  ${tool === "look" && html`<${Looking} at=${at} setAt=${setAt} found=${seen.found} />`}<//
                >`
            : html`<div class="empty">
                <${Bring}
                  title="Bring a photo"
                  about="What does the network take it for, what does it see where, and why?"
                />
              </div>`
        }
      </section>
      <${Maps} />
    </div>
    <aside class="side right" aria-label="Explanation">
      <div>
        <h1>Explain</h1>
        <p class="lead">What it takes the photo for, and what it saw.</p>
      </div>
      <section>
        <h2>${covered.found ? "Classes without what is painted away" : "Classes"}</h2>
        ${
          !shown
            ? html`<p class="small muted">They stand here when there is a photo.</p>`
            : plain.missing
              ? html`<p class="small warn">${plain.missing}</p>`
              : now
                ? html`<${ClassBars}
                      classes=${covered.found ? now.classes : now.classes.slice(0, 6)}
                      raw=${now.raw}
                      was=${covered.found ? plain.found?.classes : null}
                      chosen=${chosenClass(own.settings.unit)}
                      choose=${index => put({ unit: `logits:${index}` })}
                    />
                    <p class="small muted" role="status">
                      ${own.settings.unit ? html`Maps are of <b>${spoken(own.settings.unit)}</b>. <button type="button" class="quiet small" onClick=${() => put({ unit: undefined })}>Top class</button>` : "Maps are of the top class; press another to change that."}
                    </p>`
                : html`<p class="small muted">…</p>`
        }
      </section>
      <${Seen} at=${at} found=${seen.found} missing=${seen.missing} layer=${layer} />
      <${Methods} own=${own} put=${put} />
      ${schema && html`<section><${Fields} schema=${schema} first=${[]} without=${["photo", "method", "control"]} values=${own.settings} change=${(name, value) => put({ [name]: value })} /></section>`}
      <${Command} asked=${job(EXPLAIN, own, shown)} lacks=${shown ? "" : "Bring a photo first."} />
    </aside>
  </div>`;
}
