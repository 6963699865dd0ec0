// Maps of several methods, beside each other: each a job of its own, so that the first is seen at once.

import { to } from "../parts/address.js";
import { html } from "../parts/draw.js";
import { form, job } from "../parts/forms.js";
import { listed, studio } from "../parts/live.js";
import { post, work } from "../parts/server.js";
import { kept, photo, say, tried } from "../parts/store.js";
import { act, LIVE, standing, useJobOf } from "../parts/transport.js";
import { EXPLAIN } from "./kinds.js";

const drawn = kept("explain.maps", []); // [{id, method}]: jobs of the maps
const HANDY = ["gradient", "guided-backprop", "grad-cam", "occlusion"]; // shown before the others
const MOST = 24;

/** Asks for the maps that the form names. */
export async function drawMaps() {
  if (!photo.get()) return say("Bring a photo first.", true);
  const own = form("explain").get();
  for (const method of own.settings.method || ["gradient"]) {
    const asked = job(EXPLAIN, { ...own, settings: { ...own.settings, method: [method] } });
    const made = await tried(() => post("/api/jobs", asked));
    if (!made) return undefined;
    drawn.set(all => [{ id: made.id, method }, ...all].slice(0, MOST));
  }
  return undefined;
}

/** One map, as far as it is. */
function Map_({ id, method }) {
  const found = useJobOf(id);
  const known = listed.use();
  const [made] = found?.works || [];
  const live = found && LIVE.includes(found.state);
  if (known && !found) return null;
  return html`<figure>
    ${
      made
        ? html`<a href=${to("history", { work: made })}
            ><img src=${work(made)} alt="Map by ${method}" loading="lazy"
          /></a>`
        : found?.preview
          ? html`<img src=${found.preview} alt="Map by ${method}, not finished" />`
          : html`<span class="waiting map"></span>`
    }
    <figcaption class="row">
      <span class="grow"><b>${method}</b> ${!made && standing(found)}</span>
      <button
        type="button"
        class="quiet small"
        onClick=${() => {
          if (live) act(id, "cancel");
          drawn.set(all => all.filter(item => item.id !== id));
        }}
      >
        ${live ? "Cancel" : "Put away"}
      </button>
    </figcaption>
  </figure>`;
}

/** Which methods are asked, and whether with their control. */
export function Methods({ own, put }) {
  const { methods } = studio.get().network;
  const chosen = own.settings.method || ["gradient"];
  const toggle = name =>
    put({ method: chosen.includes(name) ? chosen.filter(item => item !== name) : [...chosen, name] });
  const chip = name =>
    html`<button
      type="button"
      class="small"
      key=${name}
      aria-pressed=${chosen.includes(name)}
      onClick=${() => toggle(name)}
    >
      ${name}
    </button>`;
  const handy = methods.filter(name => HANDY.includes(name) || chosen.includes(name));
  return html`<section>
    <h2>Maps</h2>
    <div class="row tight">${handy.map(chip)}</div>
    <details>
      <summary>${methods.length - handy.length} more methods</summary>
      <div class="row tight">${methods.filter(name => !handy.includes(name)).map(chip)}</div>
    </details>
    <div class="field inline">
      <input
        type="checkbox"
        id="control"
        checked=${own.settings.control ?? false}
        onChange=${event => put({ control: event.target.checked || undefined })}
      />
      <label for="control">With its control: the map of random weights</label>
    </div>
    <button type="button" class="primary" disabled=${!chosen.length} onClick=${drawMaps} title="Ctrl+Enter">
      Draw ${chosen.length > 1 ? `${chosen.length} maps` : "the map"}
    </button>
  </section>`;
}

/** All maps that were asked for, newest first. */
export function Maps() {
  const all = drawn.use();
  if (!all.length) return null;
  return html`<section class="below">
    <div class="row">
      <h2 class="head2 grow">Maps</h2>
      <button type="button" class="quiet small" onClick=${() => drawn.set([])}>Put all away</button>
    </div>
    <div class="maps wide">${all.map(item => html`<${Map_} key=${item.id} ...${item} />`)}</div>
  </section>`;
}
