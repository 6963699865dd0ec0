// Units: their small pictures, and the network drawn as its layers in order.

import { html, useEffect, useState } from "./draw.js";
import { studio, whenDrawn } from "./live.js";
import { unitPicture } from "./server.js";

/** The layer and channel of a unit's text form; channel is null for a whole layer or something longer. */
export function parts(unit) {
  const [, layer, channel] = /^([\w.~]+?)(?::(\d+))?$/.exec(unit) || [null, null, undefined];
  return { layer, channel: channel === undefined ? null : Number(channel) };
}

/** What a person calls it: a class by its name. */
export function spoken(unit) {
  const { layer, channel } = parts(unit);
  return layer === "logits" && channel !== null ? studio.get()?.network?.classes[channel] || unit : unit;
}

/** A unit's small picture; grey until it has been rendered: `soon` before others. */
export function UnitPicture({ unit, alt = "", soon = false }) {
  const { layer, channel } = parts(unit);
  const [version, setVersion] = useState(0);
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    if (!missing) return undefined;
    return whenDrawn(unit, () => {
      setMissing(false);
      setVersion(count => count + 1);
    });
  }, [unit, missing]);
  useEffect(() => setMissing(false), [unit]);
  if (channel === null || missing) return html`<span class="waiting"></span>`;
  return html`<img
    loading="lazy"
    alt=${alt}
    src=${unitPicture(layer, channel, [soon && "soon", version].filter(Boolean).join("&"))}
    onError=${() => setMissing(true)}
  />`;
}

/** Several channels from all over a layer. */
const spread = (channels, count) =>
  Array.from({ length: Math.min(count, channels) }, (_, index) => Math.floor((index * channels) / count));

/** A unit's small picture; of a whole layer four of its units'. */
export function Portrait({ unit }) {
  const { layer, channel } = parts(unit);
  const about = studio.get().network.layers.find(item => item.name === layer);
  if (channel !== null || !about) return html`<${UnitPicture} unit=${unit} />`;
  return html`<span class="four">
    ${spread(about.channels, 4).map(each => html`<${UnitPicture} key=${each} unit="${layer}:${each}" />`)}
  </span>`;
}

/** The main line of the network: a layer is chosen by looking at some of its units.
 *
 * chosen: texts of units that are on; toggle: called with a unit's text.
 */
export function Layers({ chosen, toggle, whole = true }) {
  const network = studio.use().network;
  const layers = network.layers.filter(layer => layer.main);
  return html`<ol class="layers" aria-label="Layers of ${network.title || network.name}, in order">
    ${layers.map(layer => {
      const on = chosen.some(unit => parts(unit).layer === layer.name);
      const extent = layer.size ? `${layer.size.join("×")} · ${layer.channels}` : `${layer.channels}`;
      return html`<li key=${layer.name} class="layer ${on ? "on" : ""}">
        ${
          whole && layer.size
            ? html`<button
                type="button"
                class="title"
                aria-pressed=${chosen.includes(layer.name)}
                onClick=${() => toggle(layer.name)}
                aria-label="${layer.name}: the whole layer"
              >
                <span class="mono">${layer.name}</span><small>${extent}</small>
              </button>`
            : html`<span class="title"><span class="mono">${layer.name}</span><small>${extent}</small></span>`
        }
        <div class="thumbs">
          ${spread(layer.channels, 4).map(channel => {
            const unit = `${layer.name}:${channel}`;
            return html`<button
              type="button"
              key=${unit}
              aria-pressed=${chosen.includes(unit)}
              aria-label=${`${layer.name}:${channel}${layer.size ? "" : `, ${spoken(unit)}`}`}
              title=${layer.size ? unit : spoken(unit)}
              onClick=${() => toggle(unit)}
            >
              <${UnitPicture} unit=${unit} />
            </button>`;
          })}
        </div>
      </li>`;
    })}
  </ol>`;
}

/** Links that carry a unit along. */
export function unitLinks(unit) {
  const { layer, channel } = parts(unit);
  const isClass = layer === "logits" && channel !== null;
  return [
    ["dream", "Dream with it"],
    ["feature", "Make its picture"],
    ["explain", "Where is it in the photo?"],
    isClass ? ["fool", "Fool toward it"] : ["desk", "Put it on the desk"],
  ].map(([room, text]) => ({ room, text, asked: { unit } }));
}
