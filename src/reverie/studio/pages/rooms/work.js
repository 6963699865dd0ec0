// One work: seen large, made again, taken back into its form, dreamt on, deleted.

import { go, to } from "../parts/address.js";
import { Words } from "../parts/command.js";
import { html, useRef, useState } from "../parts/draw.js";
import { fork } from "../parts/forms.js";
import { useKeys } from "../parts/keys.js";
import { named } from "../parts/picker.js";
import { picture, post, remove, work } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { photo, say, tried } from "../parts/store.js";
import { latest } from "../parts/transport.js";
import { takeChanges } from "./desk.js";
import { FORMS, placeOf } from "./kinds.js";
import { Settings, useWork, useWorks, when } from "./works.js";

/** Asks before it deletes. */
function Delete({ id, gone }) {
  const sheet = useRef();
  const yes = async () => {
    sheet.current.close();
    if (await tried(() => remove(`/api/works/${id}`))) gone();
  };
  return html`<button type="button" class="quiet" onClick=${() => sheet.current.showModal()}>Delete</button>
    <dialog ref=${sheet} aria-label="Delete this picture?">
      <h2>Delete this picture?</h2>
      <p class="muted">The file goes from the folder.</p>
      <div class="row">
        <button type="button" class="primary" onClick=${yes}>Delete it</button
        ><button type="button" onClick=${() => sheet.current.close()}>Keep it</button>
      </div>
    </dialog>`;
}

async function rerun(id, kind) {
  const made = await tried(() => post("/api/jobs", { kind: "rerun", work: id }));
  if (!made) return;
  if (FORMS[kind] && kind !== "explain") {
    latest(kind).set(made.id);
    go(placeOf(kind));
  } else say("It is in the queue.");
}

async function intoForm(found) {
  const room = FORMS[found.kind];
  fork(room, found);
  if (found.pictures?.photo) {
    const shown = await named(found.pictures.photo, found.name);
    if (shown) photo.set(shown);
  }
  if (!Object.keys(found.changes).length) return go(placeOf(found.kind));
  if (found.kind === "dream" && takeChanges(found.changes)) return go("/desk");
  say("The form is filled, but for the changed units: the desk holds those of one layer, for dreams.", true);
  return go(placeOf(found.kind));
}

/** What a work's settings and its network differ in from what is usual. */
const differing = ({ settings, changes }) =>
  Object.keys(changes).length
    ? { ...settings, "changed units": Object.entries(changes).map(([unit, change]) => `${unit} ${change}`) }
    : settings;

/** A work on the easel, with all that can be done with it. */
export function Work({ id }) {
  const { found, missing } = useWork(id);
  const { works } = useWorks();
  const [before, setBefore] = useState(false);
  const at = works.findIndex(item => item.id === id);
  const step = by => works[at + by] && go(to("history", { work: works[at + by].id }));
  useKeys(
    {
      j: ["next picture", () => step(1)],
      k: ["picture before", () => step(-1)],
      c: ["before and after", () => setBefore(now => !now)],
    },
    [id, at, works.length],
  );
  if (missing)
    return html`<div class="page">
      <p class="warn">${missing}</p>
      <p><a href="/history">All pictures</a></p>
    </div>`;
  const source = found?.pictures?.photo;
  return html`<div class="bench">
    <section class="stage under-tools" aria-label="Picture">
      <div class="toolbar" role="toolbar" aria-label="Picture">
        <a class="button quiet" href="/history">← All</a>
        <button type="button" disabled=${at <= 0} onClick=${() => step(-1)}>Newer</button
        ><button type="button" disabled=${at < 0 || at + 1 >= works.length} onClick=${() => step(1)}>Older</button>
        ${source && html`<button type="button" aria-pressed=${before} onClick=${() => setBefore(!before)}>Before | after</button>`}
      </div>
      <${Print} src=${work(id)} alt=${found?.title || ""} before=${before && source ? picture(source) : null} />
    </section>
    <aside class="side right" aria-label="About it">
      ${
        found &&
        html`<div>
            <h1>${found.title}</h1>
            <p class="lead">
              ${found.width}×${found.height} · ${when(found.made)}<br /><span class="mono">${found.name}</span>
            </p>
          </div>
          <div class="row">
            <a class="button primary" href="${work(id)}?download" download>Download PNG</a>${
              found.film &&
              html`<a class="button" href="${work(id, "film")}?download" download>Film</a>
                <a class="button" href=${work(id, "film")} target="_blank">Watch it</a>`
            }
            ${FORMS[found.kind] && html`<button type="button" onClick=${() => intoForm(found)}>Into the form</button>`}
            ${found.rerun && html`<button type="button" onClick=${() => rerun(id, found.kind)}>Make it again</button>`}
            <button
              type="button"
              onClick=${async () => {
                photo.set(await named(`work:${id}`, found.name));
                go("/dream");
              }}
            >
              Dream on with it
            </button>
            <a class="button" href=${to("history", { one: id })}>Compare with…</a>
            <${Delete} id=${id} gone=${() => go("/history")} />
          </div>
          <section>
            <h2>What differs from the defaults</h2>
            <${Settings} tables=${[differing(found)]} />
          </section>
          ${
            found.command &&
            html`<section>
              <h2>The command line of it</h2>
              <${Words} command=${found.command} python=${found.python} />
            </section>`
          }
          <section>
            <details>
              <summary>Record</summary>
              <pre class="code" tabindex="0" aria-label="Record">${JSON.stringify(found.record, null, 1)}</pre>
            </details>
          </section>`
      }
    </aside>
  </div>`;
}
