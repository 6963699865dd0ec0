// The mixing desk: units of a layer are ablated, amplified or clamped, and the classes answer at once.

import { address, go, to } from "../parts/address.js";
import { Command } from "../parts/command.js";
import { html, useEffect, useState } from "../parts/draw.js";
import { AddUnit } from "../parts/faders.js";
import { form, job, texts } from "../parts/forms.js";
import { studio } from "../parts/live.js";
import { Bring, Choose, use } from "../parts/picker.js";
import { answer, ClassBars, useAnswer } from "../parts/questions.js";
import { picture } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { kept, photo, say, tried } from "../parts/store.js";
import { start } from "../parts/transport.js";
import { Typed } from "../parts/typed.js";
import { parts, UnitPicture } from "../parts/units.js";
import { MAKING } from "./kinds.js";

const desk = kept("desk", { layer: null, units: [] }); // units: {channel, how, value}
const HOW = { ablate: "Off", amplify: "Times", clamp: "At" };
const REACH = { amplify: [-2, 4, 0.05, 1], clamp: [-2, 10, 0.1, 1] };

function Channel({ layer, item, change, remove }) {
  const unit = `${layer}:${item.channel}`;
  const [low, high, step, mark] = REACH[item.how] || [];
  return html`<li class="strip">
    <a class="thumb" href=${to("unit", { unit })} aria-label=${unit}><${UnitPicture} unit=${unit} /></a>
    <div class="grow stack tight">
      <div class="row nowrap">
        <span class="mono grow">:${item.channel}</span>
        <div class="choices" role="group" aria-label="What is done with ${unit}">
          ${Object.entries(HOW).map(
            ([how, word]) =>
              html`<button
                type="button"
                class="small"
                key=${how}
                aria-pressed=${item.how === how}
                onClick=${() => change({ ...item, how, value: REACH[how]?.[3] === undefined ? undefined : how === "amplify" ? 2 : 1 })}
              >
                ${word}
              </button>`,
          )}
        </div>
        <button type="button" class="quiet icon small" aria-label="Remove ${unit}" onClick=${remove}>×</button>
      </div>
      ${
        item.how === "ablate"
          ? html`<p class="small muted">silent</p>`
          : html`<div class="row nowrap">
              <input
                type="range"
                class="grow"
                min=${low}
                max=${high}
                step=${step}
                value=${item.value}
                aria-label="${unit}: ${HOW[item.how].toLowerCase()}, fader"
                onInput=${event => change({ ...item, value: Number(event.target.value) })}
                onDblClick=${() => change({ ...item, value: mark })}
              />
              <${Typed}
                type="number"
                class="short"
                step="any"
                value=${item.value}
                aria-label="${unit}: ${HOW[item.how].toLowerCase()}"
                change=${text => change({ ...item, value: Number(text) || 0 })}
              />
            </div>`
      }
    </div>
  </li>`;
}

/** What is done with the units, as the server takes it. */
const changes = (layer, units) =>
  Object.fromEntries(
    units.map(({ channel, how, value }) => [`${layer}:${channel}`, how === "ablate" ? how : `${how}(${value})`]),
  );

/** Lays a work's changes on the desk; false where it cannot hold them. */
export function takeChanges(changes) {
  const units = Object.entries(changes).map(([unit, change]) => {
    const [, how, value] = /^(\w+)(?:\((.*)\))?$/.exec(change) || [];
    return { ...parts(unit), how, value: value === undefined ? undefined : Number(value) };
  });
  const [{ layer }] = units;
  const fits = units.every(unit => unit.layer && unit.layer === layer && unit.channel !== null && HOW[unit.how]);
  if (fits) desk.set({ layer, units: units.map(({ channel, how, value }) => ({ channel, how, value })) });
  return fits;
}

/** A small dream that begins anew whenever something else is asked, a step at a time; null where nothing is. */
function useDreaming(asked) {
  const [shown, show] = useState(null);
  const text = asked && JSON.stringify(asked);
  useEffect(() => {
    if (!text) return show(null);
    let gone = false;
    const watch = async () => {
      for (let [done, total] = [0, 1]; done < total && !gone; ) {
        const step = await answer("/api/ask/dreaming", { ...JSON.parse(text), done });
        [done, total] = [step.done, step.total];
        if (!gone) show({ done, total, src: `data:image/jpeg;base64,${step.picture}` });
      }
    };
    tried(watch);
    return () => {
      gone = true;
    };
  }, [text]);
  return shown;
}

/** A dream of the network as it is changed here, by the settings of the dreams' own room. */
function DreamSo({ shown, layer, units }) {
  const own = form("dream").use();
  const asked = { ...job(MAKING.dream, own, shown, null), changes: changes(layer, units) };
  const begin = async () => (await start("dream", asked)) && go("/dream");
  const { layers, default_layer: usual } = studio.get().network;
  const place = name => layers.findIndex(item => item.name === name);
  const dreamt = own.units.length ? own.units.map(({ unit }) => parts(unit).layer) : [usual];
  const reached = dreamt.some(name => place(name) < 0 || place(name) >= place(layer));
  return html`<section>
      <button type="button" disabled=${!shown} onClick=${begin}>Dream with the network so changed</button>
      <p class="small muted">By the settings of the room <a href="/dream">Dream</a>.</p>
      ${!reached && html`<p class="small warn">It is a dream of ${dreamt.join(", ")}, before ${layer}: what is changed there does not reach it.</p>`}
    </section>
    <${Command} asked=${asked} lacks=${shown ? "" : "Bring a photo first."} />`;
}

/** The room. */
export function Desk() {
  const shown = photo.use();
  const own = desk.use();
  const { network } = studio.use();
  const { asked } = address.use();
  const layers = network.layers.filter(item => item.main && item.size);
  const layer = layers.some(item => item.name === own.layer) ? own.layer : layers[Math.max(0, layers.length - 2)].name;
  const units = own.layer === layer ? own.units : [];
  const put = list => desk.set({ layer, units: list });
  const add = channel =>
    put(units.some(item => item.channel === channel) ? units : [...units, { channel, how: "ablate" }]);
  const [hint, setHint] = useState(null);
  useEffect(() => {
    if (!asked.unit) return;
    const { layer: named, channel } = parts(asked.unit);
    if (layers.some(item => item.name === named) && channel !== null) {
      desk.set(now => ({
        layer: named,
        units: [
          ...(now.layer === named ? now.units.filter(item => item.channel !== channel) : []),
          { channel, how: "ablate" },
        ],
      }));
    }
    go("/desk", { instead: true });
  }, [asked.unit]);
  const asks = shown && {
    picture: shown.pic,
    layer,
    units: units.map(({ channel, how, value }) => (how === "ablate" ? { channel, how } : { channel, how, value })),
  };
  const { found, missing, busy } = useAnswer("/api/ask/desk", asks && { ...asks, most: 8 });
  const [along, setAlong] = useState(false);
  const dream = form("dream").use();
  const small = useDreaming(asks && along && { ...asks, layers: texts(dream.units, MAKING.dream.units.way) });
  const look = event =>
    tried(async () => {
      const box = event.currentTarget.getBoundingClientRect();
      const share = (value, low, extent) => (event.detail ? Math.min(0.999, Math.max(0, (value - low) / extent)) : 0.5); // by a key: the middle
      setHint(
        await answer("/api/ask/position", {
          picture: shown.pic,
          layer,
          x: share(event.clientX, box.left, box.width),
          y: share(event.clientY, box.top, box.height),
          most: 6,
        }),
      );
    });
  const named = text => {
    const [, channel] = /^(?:.*:)?(\d+)$/.exec(text) || [];
    const about = network.layers.find(item => item.name === layer);
    if (channel === undefined || Number(channel) >= about.channels)
      return say(`${layer} has channels 0 to ${about.channels - 1}; name one of them by its number.`, true);
    return add(Number(channel));
  };
  return html`<div class="bench">
    <section class="stage ${shown ? "under-tools" : ""}" aria-label="Photo">
      ${
        shown
          ? html`<div class="toolbar" role="toolbar" aria-label="Photo">
                <span class="label">${along ? (small ? `A small dream, step ${small.done} of ${small.total}` : "A small dream") : "Press the photo: what is seen there comes to the desk's side"}</span
                ><button type="button" aria-pressed=${along} onClick=${() => setAlong(!along)} title="A small dream follows the faders, step by step">Dream along</button
                ><${Choose} take=${use} label="Another photo" />
              </div>
              <${Print} src=${small ? small.src : picture(shown.pic)} alt=${small ? `A small dream of ${shown.name}` : shown.name}
                ><button
                  type="button"
                  class="over clear"
                  aria-label="Units seen in the middle, or where you press"
                  onClick=${look}
                ></button
              ><//>
              ${
                hint &&
                html`<div class="hints">
                  <span class="label">Seen there by ${layer}</span
                  >${hint.units.map(({ unit, channel }) => html`<button type="button" key=${unit} class="thumb" aria-pressed=${units.some(item => item.channel === channel)} aria-label="Put ${unit} on the desk" title=${unit} onClick=${() => add(channel)}><${UnitPicture} unit=${unit} /></button>`)}
                  <button
                    type="button"
                    onClick=${() => put([...units, ...hint.units.filter(({ channel }) => !units.some(item => item.channel === channel)).map(({ channel }) => ({ channel, how: "ablate" }))])}
                  >
                    All of them
                  </button>
                  <button type="button" class="quiet" onClick=${() => setHint(null)}>Close</button>
                </div>`
              }`
          : html`<div class="empty">
              <${Bring}
                title="Bring a photo"
                about="Then switch units off, one by one, and watch what the network says."
              />
            </div>`
      }
    </section>
    <aside class="side right wider" aria-label="Desk">
      <div>
        <h1>Mixing desk</h1>
        <p class="lead">Switch units off, turn them up, hold them at a value; the classes answer at once.</p>
      </div>
      <section>
        <h2>Classes</h2>
        ${
          missing
            ? html`<p class="small warn">${missing}</p>`
            : found
              ? html`<${ClassBars} classes=${found.after} raw=${found.raw} was=${units.length ? found.before : null} />
                  <p class="small muted" role="status">
                    ${busy ? "…" : units.length ? `Answered in ${Math.round(found.milliseconds)} ms; the mark is where it was.` : "Nothing is changed yet."}
                  </p>`
              : html`<p class="small muted">They stand here when there is a photo.</p>`
        }
      </section>
      <section>
        <h2>Units</h2>
        <div class="field">
          <label for="desk-layer">Layer</label
          ><select
            id="desk-layer"
            onChange=${event => {
              desk.set({ layer: event.target.value, units: [] });
              setHint(null);
            }}
          >
            ${layers.map(item => html`<option key=${item.name} value=${item.name} selected=${item.name === layer}>${item.name}</option>`)}
          </select>
        </div>
        <ul class="stack">
          ${units.map(
            (item, index) =>
              html`<${Channel}
                key=${item.channel}
                layer=${layer}
                item=${item}
                change=${next => put(units.map((each, at) => (at === index ? next : each)))}
                remove=${() => put(units.filter((_, at) => at !== index))}
              />`,
          )}
        </ul>
        <${AddUnit} add=${named} label="Add a channel" hint="a channel of ${layer}, such as 12" />
        ${units.length > 0 && html`<button type="button" class="quiet" onClick=${() => put([])}>Leave the network as it is</button>`}
      </section>
      ${units.length > 0 && html`<${DreamSo} shown=${shown} layer=${layer} units=${units} />`}
    </aside>
  </div>`;
}
