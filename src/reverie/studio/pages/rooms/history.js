// History: everything made, newest first; opened, made again, taken back into a form, compared, deleted.

import { address, go, to } from "../parts/address.js";
import { html, useState } from "../parts/draw.js";
import { studio } from "../parts/live.js";
import { work } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { Work } from "./work.js";
import { Settings, useWork, useWorks, when } from "./works.js";

function Two({ ids }) {
  const both = [useWork(ids[0]), useWork(ids[1])];
  const [way, setWay] = useState("side");
  const [one, two] = both.map(each => each.found);
  const wrong = both.map(each => each.missing).find(Boolean);
  return html`<div class="page">
    <div class="row">
      <h1 class="grow">Two beside each other</h1>
      <div class="choices" role="group" aria-label="How">
        ${[
          ["side", "Side by side"],
          ["slider", "Slider"],
        ].map(
          ([name, word]) =>
            html`<button
              type="button"
              class="small"
              key=${name}
              aria-pressed=${way === name}
              onClick=${() => setWay(name)}
            >
              ${word}
            </button>`,
        )}
      </div>
      <a class="button quiet" href="/history">← All</a>
    </div>
    ${wrong && html`<p class="warn">${wrong}</p>`}
    ${
      way === "side"
        ? html`<div class="pair">
            ${ids.map(
              (id, at) =>
                html`<figure key=${id}>
                  <a href=${to("history", { work: id })}><img src=${work(id)} alt=${both[at].found?.title || ""} /></a>
                  <figcaption class="small muted">
                    ${both[at].found?.title} · ${both[at].found && when(both[at].found.made)}
                  </figcaption>
                </figure>`,
            )}
          </div>`
        : html`<div class="stage inset">
            <${Print} src=${work(ids[1])} before=${work(ids[0])} alt="Two pictures under one slider" />
          </div>`
    }
    ${
      one &&
      two &&
      html`<section class="stack">
        <h2>Settings</h2>
        <${Settings} tables=${[one.settings, two.settings]} />
      </section>`
    }
  </div>`;
}

function Wall({ first }) {
  const { works, more, known, further } = useWorks();
  const [chosen, setChosen] = useState(first ? [first] : []);
  const pick = id => setChosen(now => (now.includes(id) ? now.filter(item => item !== id) : [...now, id].slice(-2)));
  return html`<div class="page">
    <div class="row">
      <h1 class="grow">History</h1>
      <span class="small muted">${studio.get().folder}</span>
      ${chosen.length > 0 && html`<button type="button" class="primary" disabled=${chosen.length < 2} onClick=${() => go(to("history", { compare: chosen.join(",") }))}>${chosen.length < 2 ? "Choose one more" : "Compare the two"}</button>`}
    </div>
    ${known && !works.length && html`<p class="muted">Nothing has been made yet. <a href="/dream">Dream something</a>.</p>`}
    <ul class="wall">
      ${works.map(
        item =>
          html`<li class="card ${chosen.includes(item.id) ? "chosen" : ""}" key=${item.id}>
            <a href=${to("history", { work: item.id })}
              ><img src=${work(item.id, "thumb")} alt="" loading="lazy" /><span class="unseen"
                >Open ${item.title}</span
              ></a
            >
            <span class="pick"
              ><input
                type="checkbox"
                aria-label="Choose ${item.title} for comparing"
                checked=${chosen.includes(item.id)}
                onChange=${() => pick(item.id)}
            /></span>
            <span class="under"><b>${item.title}</b></span
            ><span class="under">${when(item.made)}${item.film ? " · film" : ""}</span>
          </li>`,
      )}
    </ul>
    ${more && html`<button type="button" onClick=${further}>Older ones</button>`}
  </div>`;
}

export function History() {
  const { asked } = address.use();
  if (asked.compare) return html`<${Two} key=${asked.compare} ids=${asked.compare.split(",")} />`;
  return asked.work ? html`<${Work} id=${asked.work} />` : html`<${Wall} key=${asked.one || ""} first=${asked.one} />`;
}
