// History: everything made, newest first; opened, made again, taken back into a form, compared, deleted.

import { address, go, to } from "../parts/address.js";
import { Words } from "../parts/command.js";
import { html, useEffect, useRef, useState } from "../parts/draw.js";
import { fork } from "../parts/forms.js";
import { useKeys } from "../parts/keys.js";
import { studio, worksChanged } from "../parts/live.js";
import { named } from "../parts/picker.js";
import { get, picture, post, remove, work } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { photo, say, tried } from "../parts/store.js";
import { latest } from "../parts/transport.js";
import { EXPLAIN } from "./explain.js";
import { MAKING } from "./kinds.js";

const ROOMS = { ...MAKING, explain: EXPLAIN };
const when = made => new Date(made * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Works, a page at a time. */
function useWorks() {
  const changed = worksChanged.use();
  const [state, setState] = useState({ works: [], more: false, known: false });
  const load = async before => tried(async () => {
    const found = await get(`/api/works?limit=60${before ? `&before=${before}` : ""}`);
    setState(now => ({ works: before ? [...now.works, ...found.works] : found.works, more: found.more, known: true }));
  });
  useEffect(() => { load(); }, [changed]);
  return { ...state, further: () => load(state.works[state.works.length - 1].id) };
}

function useWork(id) {
  const [found, setFound] = useState(null);
  const [missing, setMissing] = useState("");
  useEffect(() => {
    let gone = false;
    setFound(null);
    setMissing("");
    if (id) get(`/api/works/${id}`).then(made => !gone && setFound(made), error => !gone && setMissing(error.message));
    return () => { gone = true; };
  }, [id]);
  return { found, missing };
}

/** Asks before it deletes. */
function Delete({ id, gone }) {
  const sheet = useRef();
  const yes = async () => { sheet.current.close(); if (await tried(() => remove(`/api/works/${id}`))) gone(); };
  return html`<button type="button" class="quiet" onClick=${() => sheet.current.showModal()}>Delete</button>
    <dialog ref=${sheet} aria-label="Delete this picture?"><h2>Delete this picture?</h2><p class="muted">The file goes from the folder.</p>
      <div class="row"><button type="button" class="primary" onClick=${yes}>Delete it</button><button type="button" onClick=${() => sheet.current.close()}>Keep it</button></div></dialog>`;
}

async function rerun(id, kind) {
  const made = await tried(() => post("/api/jobs", { kind: "rerun", work: id }));
  if (!made) return;
  if (ROOMS[kind] && kind !== "explain") { latest(kind).set(made.id); go(to(kind)); } else say("It is in the queue.");
}

async function intoForm(found) {
  const room = ROOMS[found.kind];
  fork(room, found);
  if (found.pictures?.photo) {
    const shown = await named(found.pictures.photo, found.name);
    if (shown) photo.set(shown);
  }
  go(to(found.kind));
}

const worded = value => (typeof value === "string" ? value : JSON.stringify(value));

function Settings({ tables }) {
  const names = [...new Set(tables.flatMap(table => Object.keys(table)))];
  if (!names.length) return html`<p class="small muted">All settings are as they come.</p>`;
  return html`<table><tbody>${names.map(name => html`<tr key=${name}><th scope="row">${name.replaceAll("_", " ")}</th>${tables.map((table, at) => html`<td key=${at}
    class=${tables.length > 1 && worded(tables[0][name]) !== worded(tables[1][name]) ? "differs" : ""}>${table[name] === undefined ? html`<span class="muted">as it comes</span>` : worded(table[name])}</td>`)}</tr>`)}</tbody></table>`;
}

function One({ id }) {
  const { found, missing } = useWork(id);
  const { works } = useWorks();
  const [before, setBefore] = useState(false);
  const at = works.findIndex(item => item.id === id);
  const step = by => works[at + by] && go(to("history", { work: works[at + by].id }));
  useKeys({ j: ["next picture", () => step(1)], k: ["picture before", () => step(-1)], c: ["before and after", () => setBefore(now => !now)] }, [id, at, works.length]);
  if (missing) return html`<div class="page"><p class="warn">${missing}</p><p><a href="/history">All pictures</a></p></div>`;
  const source = found?.pictures?.photo;
  return html`<div class="bench"><section class="stage under-tools" aria-label="Picture"><div class="toolbar" role="toolbar" aria-label="Picture"><a class="button quiet" href="/history">← All</a>
      <button type="button" disabled=${at <= 0} onClick=${() => step(-1)}>Newer</button><button type="button" disabled=${at < 0 || at + 1 >= works.length} onClick=${() => step(1)}>Older</button>
      ${source && html`<button type="button" aria-pressed=${before} onClick=${() => setBefore(!before)}>Before | after</button>`}</div>
    <${Print} src=${work(id)} alt=${found?.title || ""} before=${before && source ? picture(source) : null} /></section>
    <aside class="side right" aria-label="About it">${found && html`<div><h1>${found.title}</h1><p class="lead">${found.width}×${found.height} · ${when(found.made)}<br /><span class="mono">${found.name}</span></p></div>
      <div class="row"><a class="button primary" href="${work(id)}?download" download>Download PNG</a>${found.film && html`<a class="button" href="${work(id, "film")}?download" download>Film</a>`}
        ${ROOMS[found.kind] && html`<button type="button" onClick=${() => intoForm(found)}>Into the form</button>`}
        ${found.rerun && html`<button type="button" onClick=${() => rerun(id, found.kind)}>Make it again</button>`}
        <button type="button" onClick=${async () => { photo.set(await named(`work:${id}`, found.name)); go("/dream"); }}>Dream on with it</button>
        <a class="button" href=${to("history", { one: id })}>Compare with…</a>
        <${Delete} id=${id} gone=${() => go("/history")} /></div>
      <section><h2>What differs from the defaults</h2><${Settings} tables=${[found.settings]} /></section>
      ${found.command && html`<section><h2>The command line of it</h2><${Words} command=${found.command} python=${found.python} /></section>`}
      <section><details><summary>Record</summary><pre class="code" tabindex="0" aria-label="Record">${JSON.stringify(found.record, null, 1)}</pre></details></section>`}</aside></div>`;
}

function Two({ ids }) {
  const both = [useWork(ids[0]), useWork(ids[1])];
  const [way, setWay] = useState("side");
  const [one, two] = both.map(each => each.found);
  const wrong = both.map(each => each.missing).find(Boolean);
  return html`<div class="page"><div class="row"><h1 class="grow">Two beside each other</h1>
    <div class="choices" role="group" aria-label="How">${[["side", "Side by side"], ["slider", "Slider"]].map(([name, word]) => html`<button type="button" class="small" key=${name} aria-pressed=${way === name} onClick=${() => setWay(name)}>${word}</button>`)}</div>
    <a class="button quiet" href="/history">← All</a></div>${wrong && html`<p class="warn">${wrong}</p>`}
    ${way === "side" ? html`<div class="pair">${ids.map((id, at) => html`<figure key=${id}><a href=${to("history", { work: id })}><img src=${work(id)} alt=${both[at].found?.title || ""} /></a><figcaption class="small muted">${both[at].found?.title} · ${both[at].found && when(both[at].found.made)}</figcaption></figure>`)}</div>`
      : html`<div class="stage inset"><${Print} src=${work(ids[1])} before=${work(ids[0])} alt="Two pictures under one slider" /></div>`}
    ${one && two && html`<section class="stack"><h2>Settings</h2><${Settings} tables=${[one.settings, two.settings]} /></section>`}</div>`;
}

function Wall({ first }) {
  const { works, more, known, further } = useWorks();
  const [chosen, setChosen] = useState(first ? [first] : []);
  const pick = id => setChosen(now => (now.includes(id) ? now.filter(item => item !== id) : [...now, id].slice(-2)));
  return html`<div class="page"><div class="row"><h1 class="grow">History</h1><span class="small muted">${studio.get().folder}</span>
    ${chosen.length > 0 && html`<button type="button" class="primary" disabled=${chosen.length < 2} onClick=${() => go(to("history", { compare: chosen.join(",") }))}>${chosen.length < 2 ? "Choose one more" : "Compare the two"}</button>`}</div>
    ${known && !works.length && html`<p class="muted">Nothing has been made yet. <a href="/dream">Dream something</a>.</p>`}
    <ul class="wall">${works.map(item => html`<li class="card ${chosen.includes(item.id) ? "chosen" : ""}" key=${item.id}><a href=${to("history", { work: item.id })}><img src=${work(item.id, "thumb")} alt="" loading="lazy" /><span class="unseen">Open ${item.title}</span></a>
      <span class="pick"><input type="checkbox" aria-label="Choose ${item.title} for comparing" checked=${chosen.includes(item.id)} onChange=${() => pick(item.id)} /></span>
      <span class="under"><b>${item.title}</b></span><span class="under">${when(item.made)}${item.film ? " · film" : ""}</span></li>`)}</ul>
    ${more && html`<button type="button" onClick=${further}>Older ones</button>`}</div>`;
}

export function History() {
  const { asked } = address.use();
  if (asked.compare) return html`<${Two} key=${asked.compare} ids=${asked.compare.split(",")} />`;
  return asked.work ? html`<${One} id=${asked.work} />` : html`<${Wall} key=${asked.one || ""} first=${asked.one} />`;
}
