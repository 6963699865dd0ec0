// Under the picture: how far it is, how it climbs, and the keys of a tape recorder.

import { html, useEffect, useState } from "./draw.js";
import { jobs, learn, listed, scores } from "./live.js";
import { post, work } from "./server.js";
import { kept, say, tried } from "./store.js";

export const LIVE = ["queued", "running", "paused"];

const lasting = new Map();
const ended = kept("ended", {}); // id -> what is left of a job when the server has forgotten it
const MOST = 60;

/** The id of a room's latest job, kept over reloads. */
export function latest(kind) {
  if (!lasting.has(kind)) lasting.set(kind, kept(`job.${kind}`, null));
  return lasting.get(kind);
}

/** A job as it stands, by its id; null where nobody knows of it any more. */
export function useJobOf(id) {
  const job = jobs.use().get(id);
  const known = listed.use();
  useEffect(() => {
    if (job && !job.settings) learn(id).catch(() => {});
  }, [id, Boolean(job), Boolean(job?.settings)]); // a list that was asked for before it began has it not
  useEffect(() => {
    if (!job || LIVE.includes(job.state)) return;
    const { title, kind, state, works, picture, film, error } = job;
    const others = Object.entries(ended.get())
      .filter(([other]) => other !== id)
      .slice(1 - MOST);
    ended.set(Object.fromEntries([...others, [id, { id, title, kind, state, works, picture, film, error }]]));
  }, [id, job?.state]);
  return job || (known && ended.get()[id]) || null;
}

/** A room's latest job as it stands; null where there is none. */
export const useJob = kind => useJobOf(latest(kind).use());

/** Starts a job; gives its id. */
export async function start(kind, asked) {
  const made = await tried(() => post("/api/jobs", asked));
  if (made) {
    latest(kind).set(made.id);
    await learn(made.id).catch(() => {});
  }
  return made?.id;
}

export const act = (id, what, body) => tried(() => post(`/api/jobs/${id}/${what}`, body));

/** Seconds as a person says them. */
function lasts(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 1) return "a moment left";
  if (seconds < 90) return `${Math.round(seconds)} s left`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min left` : `${(seconds / 3600).toFixed(1)} h left`;
}

/** A stage's scores as a line from its lowest to its highest, between two steps of the whole. */
function stretch(points, left, right) {
  const ys = points.map(point => point[1]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const placed = points.map(
    ([x, y]) =>
      `${(((x - left) / (right - left || 1)) * 100).toFixed(2)},${(38 - ((y - low) / (high - low || 1)) * 36).toFixed(2)}`,
  );
  return `M${placed.join(" L")}`;
}

/** The score, step by step; sizes have their own scales, so that each has a line of its own. */
function Curve({ points }) {
  if (!points || points.length < 2) return null;
  const [[left], [right]] = [points[0], points[points.length - 1]];
  const stages = [...new Set(points.map(point => point[2]))].map(stage => points.filter(point => point[2] === stage));
  const last = stages[stages.length - 1].map(point => point[1]);
  return html`<svg
    class="curve"
    viewBox="0 0 100 40"
    preserveAspectRatio="none"
    role="img"
    aria-label="Score, from ${last[0].toPrecision(3)} to ${last[last.length - 1].toPrecision(3)}"
  >
    <line x1="0" y1="39.5" x2="100" y2="39.5" />
    <path d=${stages.map(each => stretch(each, left, right)).join(" ")} />
  </svg>`;
}

/** One line on where a job stands. */
export function standing(job) {
  if (!job) return "";
  const step = job.total ? `${job.done} of ${job.total}` : job.done ? `${job.done} done` : "";
  const words = {
    queued: job.place ? `Waiting, number ${job.place} in line` : "Waiting for its turn",
    running: [step, job.task, lasts(job.left)].filter(Boolean).join(" · ") || "Beginning",
    paused: `Paused at ${step || "its beginning"}`,
    done: "Done",
    stopped: `Stopped at ${step}, kept`,
    cancelled: "Cancelled, nothing kept",
    failed: job.error || "Failed",
  };
  return words[job.state] || job.state;
}

/** Buttons and progress of a job.
 *
 * begin: starts it; label: of that button; again: more buttons once it stands.
 */
export function Transport({ job, begin, label, ready = true, children }) {
  const curve = scores.use().get(job?.id);
  const live = job && LIVE.includes(job.state);
  const button = (what, text, more = "") =>
    html`<button type="button" class=${more} onClick=${() => act(job.id, what)}>${text}</button>`;
  return html`<div class="transport">
    <progress
      max="1"
      value=${job?.total && job.state !== "queued" ? job.done / job.total : job?.state === "done" ? 1 : 0}
      aria-label="Progress"
    />
    <div class="line">
      <${Curve} points=${curve} />
      <p class="said ${job?.state === "failed" ? "warn" : ""}" role="status">
        ${[standing(job), job?.state !== "failed" && job?.note].filter(Boolean).join(" · ")}
      </p>
      ${
        live &&
        html`${job.state === "paused" ? button("resume", "Go on", "primary") : job.state === "running" && button("pause", "Pause")}
        ${job.state !== "queued" && button("stop", "Stop and keep")}${button("cancel", "Cancel", "quiet")}`
      }
      ${!live && children}
      ${!live && begin && html`<button type="button" class="primary" disabled=${!ready} onClick=${begin} title="Ctrl+Enter">${label}</button>`}
    </div>
  </div>`;
}

/** Addresses of what a job has made. */
export const madeBy = job => job?.works?.map(id => ({ id, src: work(id), thumb: work(id, "thumb") })) || [];

export const copy = async text => {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser does not let this page copy; select the text and copy it.", true);
  }
};

/** Waits until a value has been still for a while; `first` stands until then. */
export function useStill(value, milliseconds, first = value) {
  const [still, setStill] = useState(first);
  useEffect(() => {
    const timer = setTimeout(() => setStill(value), milliseconds);
    return () => clearTimeout(timer);
  }, [JSON.stringify(value)]);
  return still;
}
