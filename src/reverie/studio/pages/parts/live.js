// What happens on the server: one stream of events, kept in stores that components read.

import { get, studio as askStudio } from "./server.js";
import { store, tried } from "./store.js";

export const studio = store(null);
export const jobs = store(new Map()); // by id
export const listed = store(false); // whether the server's list of jobs has come
export const order = store([]); // ids: running, queued, then ended
export const scores = store(new Map()); // by job: [[done, score, stage], ...]
export const worksChanged = store(0);
export const lost = store(false); // whether the server has stopped answering
const waiting = new Map(); // unit -> listeners for its small picture

let source = null;

const MOST = 400; // points of a curve; beyond, every second one goes

function scored(job) {
  if (job.score === null || job.score === undefined || !job.total) return;
  const curve = scores.get().get(job.id) || [];
  if (curve.length && curve[curve.length - 1][0] >= job.done) return;
  curve.push([job.done, job.score, job.stage]);
  if (curve.length > MOST) curve.splice(0, curve.length, ...curve.filter((_, index) => index % 2));
  scores.get().set(job.id, curve);
  scores.set(new Map(scores.get()));
}

function known(job) {
  jobs.set(new Map(jobs.get()).set(job.id, { ...jobs.get().get(job.id), ...job }));
  scored(job);
}

/** Fetches a job whole: its settings, its curve so far. */
export async function learn(id) {
  const job = await get(`/api/jobs/${id}`);
  if (job.scores) scores.set(new Map(scores.get()).set(id, job.scores.slice()));
  known(job);
  return job;
}

async function refresh() {
  const list = await get("/api/jobs");
  jobs.set(new Map(list.map(job => [job.id, { ...jobs.get().get(job.id), ...job }])));
  scores.set(new Map([...scores.get()].filter(([id]) => jobs.get().has(id)))); // of jobs that are forgotten none is kept
  order.set(list.map(job => job.id));
  listed.set(true);
}

function open() {
  if (source) return;
  source = new EventSource("/api/events");
  source.onerror = () => lost.set(true);
  source.onopen = () => {
    if (!lost.get()) return;
    lost.set(false);
    tried(begin);
    tried(refresh);
  };
  const on = (name, act) => source.addEventListener(name, event => act(JSON.parse(event.data)));
  on("job", known);
  on("jobs", () => tried(refresh));
  on("studio", () => tried(begin));
  on("work", () => worksChanged.set(count => count + 1));
  on("unit", ({ layer, channel }) => waiting.get(`${layer}:${channel}`)?.forEach(act => act()));
}

function close() {
  source?.close();
  source = null;
}

async function begin() {
  studio.set(await askStudio());
}

/** Learns what there is, then listens while the tab is seen. */
export async function start() {
  await tried(begin);
  await tried(refresh);
  if (!document.hidden) open();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    tried(refresh); // what was missed meanwhile
    worksChanged.set(count => count + 1);
    waiting.forEach(acts => [...acts].forEach(act => act()));
    return open();
  });
}

/** Calls `act` when a unit's small picture, which was missing, may have become ready. */
export function whenDrawn(unit, act) {
  if (!waiting.has(unit)) waiting.set(unit, new Set());
  waiting.get(unit).add(act);
  return () => {
    const acts = waiting.get(unit);
    acts.delete(act);
    if (!acts.size) waiting.delete(unit);
  };
}
