// Dream, feature, style, invert, fool: a form at the right, the network at the left, the picture between them.

import { address, go } from "../parts/address.js";
import { Command } from "../parts/command.js";
import { html, useEffect } from "../parts/draw.js";
import { AddUnit, Faders, toggled } from "../parts/faders.js";
import { Fields } from "../parts/fields.js";
import { form, job, useSchema } from "../parts/forms.js";
import { useKeys } from "../parts/keys.js";
import { jobs, studio } from "../parts/live.js";
import { ClassBars, useAnswer } from "../parts/questions.js";
import { mask, photo, say } from "../parts/store.js";
import { latest, LIVE, start, useJob } from "../parts/transport.js";
import { parts, spoken, Layers } from "../parts/units.js";
import { Easel } from "./easel.js";
import { placeOf, waysOf } from "./kinds.js";

function Together({ own, put }) {
  if (own.units.length < 2) return null;
  return html`<div class="choices" role="group" aria-label="Several units">
    <button type="button" class="small" aria-pressed=${!own.together} onClick=${() => put({ together: false })}>
      A picture of each
    </button>
    <button type="button" class="small" aria-pressed=${own.together} onClick=${() => put({ together: true })}>
      One of all
    </button>
  </div>`;
}

function Units({ room, own, put }) {
  const none = room.units.needed
    ? "Choose a unit at the left, or name one."
    : `None chosen: ${
        studio.get().network.default_layer
          ? `the network's usual layer, ${studio.get().network.default_layer}.`
          : "the usual ones."
      }`;
  const body = html`${
      own.units.length
        ? html`<${Faders}
            units=${own.units}
            set=${units => put({ units })}
            weighted=${room.units.way === "weights" || (room.units.way === "sum" && own.together && own.units.length > 1)}
          />`
        : html`<p class="small muted">${none}</p>`
    }
    ${room.units.way === "sum" && html`<${Together} own=${own} put=${put} />`}
    <${AddUnit} add=${unit => put({ units: toggled(own.units, unit) })} />`;
  return html`<section>
    <h2>Units</h2>
    ${body}
  </section>`;
}

function Film({ own, put }) {
  const kinds = ["", ...studio.get().films.filter(end => [".mp4", ".webp"].includes(end))].map(end => [
    end,
    end ? `Film ${end}` : "No film",
  ]);
  return html`<div class="choices" role="group" aria-label="Film of the run">
    ${kinds.map(
      ([end, word]) =>
        html`<button
          type="button"
          class="small"
          key=${end}
          aria-pressed=${own.film === end}
          onClick=${() => put({ film: end })}
        >
          ${word}
        </button>`,
    )}
  </div>`;
}

/** Takes along a unit that a link names, once. */
function useCarried(room) {
  const { asked } = address.use();
  useEffect(() => {
    if (!asked.unit) return;
    const own = form(room.kind);
    if (room.units) own.set(now => ({ ...now, units: [{ unit: asked.unit, weight: 1 }] }));
    else if (parts(asked.unit).layer === "logits")
      own.set(now => ({ ...now, settings: { ...now.settings, target: spoken(asked.unit) } }));
    go(placeOf(room.kind), { instead: true });
  }, [asked.unit]);
}

function missing(room, own, picture) {
  if (room.photo && !picture && !(own.settings.start && own.settings.start !== "photo")) return "Bring a photo first.";
  const few = Number(room.units?.needed || 0) - own.units.length;
  if (few > 0) return few > 1 ? "Choose two units first." : "Choose a unit first.";
  return (room.needs || []).some(name => !own.pictures[name]?.length)
    ? "Choose a picture whose style it takes first."
    : "";
}

/** What the network takes the photo for, and what was made of it. */
function Verdict({ kind }) {
  const shown = photo.use();
  const [made] = useJob(kind)?.works || [];
  const was = useAnswer("/api/ask/classes", shown && { picture: shown.pic, most: 5 });
  const now = useAnswer("/api/ask/classes", made ? { picture: `work:${made}`, most: 5 } : null);
  if (!was.found) return null;
  return html`<section>
    <h2>${now.found ? "Taken for, now" : "Taken for"}</h2>
    <${ClassBars} ...${now.found || was.found} was=${now.found && was.found.classes} />
  </section>`;
}

/** The ways of this room, where there are several. */
function Ways({ room }) {
  const all = waysOf(room.within || room.kind);
  if (all.length < 2) return null;
  return html`<nav class="ways" aria-label="Ways">
    ${all.map(
      each =>
        html`<a
          key=${each.kind}
          class="button quiet small"
          href=${placeOf(each.kind)}
          aria-current=${each.kind === room.kind ? "true" : undefined}
          >${each.word}</a
        >`,
    )}
  </nav>`;
}

/** The controls at the right. */
function Controls({ room, own, put, schema, asked, lacks }) {
  const change = (name, value) => {
    const kind = ["photo", "mask"].includes(schema.properties[name].reads) ? "pictures" : "settings";
    put({ [kind]: { ...own[kind], [name]: value } });
  };
  const without = ["photo", "mask", room.units?.name].filter(Boolean);
  const changed = Object.keys(own.settings).length + own.units.length + Object.keys(own.pictures).length > 0;
  return html`<aside class="side right" aria-label="Settings">
    <div>
      <div class="row">
        <h1 class="grow">${room.title}</h1>
        ${changed && html`<button type="button" class="quiet small" onClick=${() => put({ settings: {}, units: [], pictures: {}, film: "" })}>Reset</button>`}
      </div>
      <p class="lead">${room.lead}</p>
      <${Ways} room=${room} />
    </div>
    ${room.units && !room.folded && html`<${Units} room=${room} own=${own} put=${put} />`}
    ${
      schema &&
      html`<section>
        <${Fields}
          schema=${schema}
          first=${room.first}
          without=${without}
          values=${{ ...own.settings, ...own.pictures }}
          change=${change}
          names=${{ target: studio.get().network.classes, ...studio.get().network.names[room.kind] }}
        />
        ${
          room.folded &&
          html`<details>
            <summary>Layers of the style${own.units.length ? ` (${own.units.length})` : ""}</summary>
            <${Units} room=${room} own=${own} put=${put} />
          </details>`
        }
        ${studio.get().kinds.find(each => each.name === room.kind)?.film && html`<${Film} own=${own} put=${put} />`}
      </section>`
    }
    ${room.verdict && html`<${Verdict} kind=${room.kind} />`}
    <${Command} asked=${asked} lacks=${lacks} />
  </aside>`;
}

/** A room of the table `MAKING`. */
export function Making({ room }) {
  const store = form(room.kind);
  const own = store.use();
  const picture = photo.use();
  mask.use();
  const schema = useSchema(room.kind);
  useCarried(room);
  const put = more => store.set(now => ({ ...now, ...more }));
  const lacks = missing(room, own, picture);
  const begin = async more => {
    const now = { ...store.get(), ...more };
    const wrong = missing(room, now, photo.get());
    if (wrong) return say(wrong, true);
    if (more) store.set(now);
    return start(room.kind, job(room, now));
  };
  const running = () => LIVE.includes(jobs.get().get(latest(room.kind).get())?.state);
  useKeys({ "Ctrl+Enter": [room.verb.toLowerCase(), () => !running() && begin()] }, [room.kind]);
  const again = () => begin({ settings: { ...store.get().settings, seed: (store.get().settings.seed ?? 0) + 1 } });
  return html`<div class="bench ${room.units && !room.folded ? "three" : ""}">
    ${
      room.units &&
      !room.folded &&
      html`<nav class="side left" aria-label="Layers of the network">
        <h2>Network</h2>
        <${Layers}
          chosen=${own.units.map(item => item.unit)}
          toggle=${unit => put({ units: toggled(own.units, unit) })}
        />
      </nav>`
    }
    <${Easel} key=${room.kind} room=${room} begin=${() => begin()} again=${again} lacks=${lacks} />
    <${Controls} room=${room} own=${own} put=${put} schema=${schema} asked=${job(room, own, picture)} lacks=${lacks} />
  </div>`;
}
