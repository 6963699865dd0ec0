// The queue: what runs, what waits, what has ended; it can be reordered and cancelled.

import { to } from "./address.js";
import { html, useEffect, useRef, useState } from "./draw.js";
import { jobs, order } from "./live.js";
import { work } from "./server.js";
import { store } from "./store.js";
import { act, LIVE, standing } from "./transport.js";

export const queueShown = store(false);
export const queued = () =>
  order
    .get()
    .map(id => jobs.get().get(id))
    .filter(job => job && LIVE.includes(job.state));

function Item({ job, before, after }) {
  const live = LIVE.includes(job.state);
  const [made] = job.works || [];
  const [missing, setMissing] = useState(""); // the address of a picture that was deleted
  const src = live ? job.preview : made && work(made, "thumb");
  const button = (label, sign, press, off) =>
    html`<button
      type="button"
      class="quiet icon small"
      aria-label="${label}: ${job.title}"
      title=${label}
      disabled=${off}
      onClick=${press}
    >
      ${sign}
    </button>`;
  return html`<li class="job">
    ${src && missing !== src ? html`<img src=${src} alt="" onError=${() => setMissing(src)} />` : html`<span class="waiting"></span>`}
    <div class="grow">
      <div class="what">
        ${made ? html`<a href=${to("history", { work: made })} onClick=${() => queueShown.set(false)}>${job.title}</a>` : job.title}
      </div>
      <div class="state ${job.state === "failed" ? "bad" : ""}">${standing(job)}</div>
    </div>
    ${
      live &&
      html`<div class="row tight nowrap">
        ${
          job.state === "queued" &&
          html`${button("Earlier", "↑", () => act(job.id, "move", { before: before.id }), !before || before.state !== "queued")}
          ${button("Later", "↓", () => act(job.id, "move", { before: after.next?.id ?? null }), !after)}`
        }
        ${button("Cancel", "×", () => act(job.id, "cancel"))}
      </div>`
    }
  </li>`;
}

/** A drawer at the right. */
export function Queue() {
  const shown = queueShown.use();
  const all = jobs.use();
  const list = order
    .use()
    .map(id => all.get(id))
    .filter(Boolean);
  const sheet = useRef();
  useEffect(() => {
    if (shown && !sheet.current.open) sheet.current.showModal();
    if (!shown && sheet.current.open) sheet.current.close();
  }, [shown]);
  const live = list.filter(job => LIVE.includes(job.state));
  const ended = list.filter(job => !LIVE.includes(job.state)).slice(0, 20);
  return html`<dialog
    class="drawer"
    ref=${sheet}
    aria-labelledby="queue-title"
    onClose=${() => queueShown.set(false)}
    onClick=${event => event.target === sheet.current && queueShown.set(false)}
  >
    ${
      shown &&
      html` <div class="row">
          <h2 id="queue-title" class="grow">Queue</h2>
          <button type="button" class="quiet" onClick=${() => queueShown.set(false)}>Close</button>
        </div>
        ${
          live.length
            ? html`<ol class="jobs">
                ${live.map((job, at) => html`<${Item} key=${job.id} job=${job} before=${live[at - 1]} after=${live[at + 1] && { next: live[at + 2] }} />`)}
              </ol>`
            : html`<p class="muted">Nothing runs, nothing waits.</p>`
        }
        ${
          ended.length > 0 &&
          html`<h3 class="head2">Ended</h3>
            <ol class="jobs">
              ${ended.map(job => html`<${Item} key=${job.id} job=${job} />`)}
            </ol>`
        }`
    }
  </dialog>`;
}
