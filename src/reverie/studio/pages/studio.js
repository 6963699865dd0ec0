// The studio: its head, its rooms, what it says once, and its keys.

import { address, followLinks, go } from "./parts/address.js";
import { html, render, useEffect, useLayoutEffect, useRef } from "./parts/draw.js";
import { keys, listenToKeys, useKeys } from "./parts/keys.js";
import { jobs, lost, order, start, studio } from "./parts/live.js";
import { useBringing } from "./parts/picker.js";
import { Queue, queued, queueShown } from "./parts/queue.js";
import { notice, singleKeys, store, theme } from "./parts/store.js";
import { Atlas } from "./rooms/atlas.js";
import { Desk } from "./rooms/desk.js";
import { Explain } from "./rooms/explain.js";
import { History } from "./rooms/history.js";
import { MAKING } from "./rooms/kinds.js";
import { Making } from "./rooms/making.js";
import { Unit } from "./rooms/unit.js";

const ROOMS = [
  ["dream", "Dream"],
  ["feature", "Feature"],
  ["explain", "Explain"],
  ["unit", "Units"],
  ["style", "Style"],
  ["invert", "Invert"],
  ["fool", "Fool"],
  ["desk", "Desk"],
  ["atlas-room", "Atlas"],
  ["history", "History"],
];
const OTHERS = { explain: Explain, unit: Unit, desk: Desk, "atlas-room": Atlas, history: History };
const SCROLLS = ["atlas-room", "history"];
const keysShown = store(false);
const swap = () => theme.set(now => (now === "dark" ? "light" : "dark"));

function Head({ room }) {
  const found = studio.use();
  const shade = theme.use();
  jobs.use();
  order.use();
  const count = queued().length;
  const rooms = useRef();
  useEffect(
    () => rooms.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [room],
  );
  return html`<header class="head">
    <a class="name" href="/dream">reverie</a>
    <nav class="rooms" aria-label="Rooms" ref=${rooms}>
      ${ROOMS.map(([name, word]) => html`<a key=${name} href="/${name}" aria-current=${name === room ? "page" : undefined}>${word}</a>`)}
    </nav>
    <div class="tools">
      <span class="network" title=${found?.network && [found.network.device, ...found.network.notes].join(". ")}
        >${[found?.network?.title || found?.network?.name, found?.atlas?.name].filter(Boolean).join(" · ")}</span
      >
      <button type="button" class="quiet" onClick=${() => queueShown.set(true)}>
        Queue ${count > 0 && html`<span class="count">${count}</span>`}
      </button>
      <button
        type="button"
        class="quiet icon"
        onClick=${swap}
        aria-label=${shade === "dark" ? "Light theme" : "Dark theme"}
        title=${shade === "dark" ? "Light theme" : "Dark theme"}
      >
        ◐
      </button>
      <button type="button" class="quiet icon" onClick=${() => keysShown.set(true)} aria-label="Keys" title="Keys">
        ?
      </button>
    </div>
  </header>`;
}

const NAMES = { Space: "space" };

function Keys() {
  const shown = keysShown.use();
  const all = keys.use();
  const single = singleKeys.use();
  const sheet = useRef();
  useEffect(() => {
    if (shown && !sheet.current.open) sheet.current.showModal();
  }, [shown]);
  return html`<dialog
    ref=${sheet}
    aria-labelledby="keys-title"
    onClose=${() => keysShown.set(false)}
    onClick=${event => event.target === sheet.current && sheet.current.close()}
  >
    ${
      shown &&
      html` <h2 id="keys-title">Keys</h2>
        <dl class="keys">
          ${all.map(
            ({ keys: name, about }) =>
              html`<dt key=${name}>
                  ${name.split("+").map((part, at) => html`${at ? " " : ""}<kbd>${NAMES[part] || part}</kbd>`)}
                </dt>
                <dd>${about}</dd>`,
          )}
          <dt><kbd>←</kbd> <kbd>→</kbd></dt>
          <dd>move a fader, or the before-and-after slider, that has the focus</dd>
        </dl>
        <div class="field inline keys-off">
          <input
            type="checkbox"
            id="single-keys"
            checked=${single}
            onChange=${event => singleKeys.set(event.target.checked)}
          /><label for="single-keys">Keys without Ctrl work</label>
        </div>
        <button type="button" onClick=${() => sheet.current.close()}>Close</button>`
    }
  </dialog>`;
}

function Lost() {
  return lost.use()
    ? html`<p class="lost" role="alert">The studio does not answer. Is it still running in its terminal?</p>`
    : null;
}

function Said() {
  const said = notice.use();
  useEffect(() => {
    if (!said || said.bad) return undefined;
    const timer = setTimeout(() => notice.set(null), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  return html`<div role=${said?.bad ? "alert" : "status"}>
    ${
      said &&
      html`<div class="said-once ${said.bad ? "bad" : ""}">
        <span class="grow">${said.text}</span>
        <button type="button" class="quiet small" onClick=${() => notice.set(null)}>Close</button>
      </div>`
    }
  </div>`;
}

function Room({ room }) {
  const { asked } = address.use();
  const found = studio.use();
  if (found?.problem)
    return html`<div class="page">
      <h1>The network could not be loaded</h1>
      <p class="warn">${found.problem}</p>
    </div>`;
  if (!found?.network)
    return html`<div class="empty"><p class="muted" role="status">The network is being loaded…</p></div>`;
  const way = [MAKING[asked.way], MAKING[room]].find(each => each && (each.within || each.kind) === room);
  if (way) return html`<${Making} key=${way.kind} room=${way} />`;
  const Other = OTHERS[room];
  return Other
    ? html`<${Other} />`
    : html`<div class="page">
        <h1>There is no such room</h1>
        <p><a href="/dream">To the dreams</a></p>
      </div>`;
}

function Studio() {
  const { room } = address.use();
  const shade = theme.use();
  const over = useBringing();
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = shade;
  }, [shade]);
  useEffect(() => {
    document.title = `${ROOMS.find(([name]) => name === room)?.[1] || "Studio"} · reverie`;
  }, [room]);
  useKeys(
    {
      "?": ["these keys", () => keysShown.set(now => !now)],
      q: ["the queue", () => queueShown.set(true)],
      t: ["dark or light", swap],
      "/": [
        "find a unit",
        () => {
          go("/unit");
          setTimeout(() => document.getElementById("find-unit")?.focus(), 50);
        },
      ],
      h: ["history", () => go("/history")],
      d: ["dream", () => go("/dream")],
      e: ["explain", () => go("/explain")],
    },
    [],
  );
  return html`<a class="skip" href="#room">To the room</a><${Head} room=${room} /><${Lost} />
    <main id="room" tabindex="-1" class="${SCROLLS.includes(room) ? "scrolls" : ""} ${over ? "hovered" : ""}">
      <${Room} room=${room} />
    </main>
    <${Queue} /><${Keys} /><${Said} />`;
}

followLinks();
listenToKeys();
start();
render(html`<${Studio} />`, document.getElementById("studio"));
