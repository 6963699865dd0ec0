// Unit: look one up, see its pictures, what feeds it, and take it to another room.

import { address, go, to } from "../parts/address.js";
import { html, useEffect, useState } from "../parts/draw.js";
import { useKeys } from "../parts/keys.js";
import { studio } from "../parts/live.js";
import { useAnswer } from "../parts/questions.js";
import { work } from "../parts/server.js";
import { kept } from "../parts/store.js";
import { act, LIVE, standing, start, useJobOf, useStill } from "../parts/transport.js";
import { Layers, parts, spoken, unitLinks, UnitPicture } from "../parts/units.js";

const cards = kept("unit.cards", {}); // unit -> id of the job of its card

function Found({ text, most = 48 }) {
  const still = useStill(text, 200);
  const { found, missing, busy } = useAnswer("/api/ask/units", still.trim() ? { text: still.trim(), most } : null);
  if (missing) return html`<p class="warn">${missing}</p>`;
  if (!found) return html`<p class="muted" role="status">${busy ? "Looking…" : ""}</p>`;
  if (!found.units.length)
    return html`<p class="muted">
      Nothing is called that; try a layer such as
      <code>${studio.get().network.layers.find(item => item.main).name}</code>, or a part of a class's name.
    </p>`;
  return html`<ul class="wall narrow" aria-label="Units found">
    ${found.units.map(
      ({ unit, label }) =>
        html`<li class="card" key=${unit}>
          <a href=${to("unit", { unit })}><${UnitPicture} unit=${unit} alt="" /> <span class="unseen">${unit}</span></a
          ><span class="under" title=${unit}>${label && label !== unit ? label : unit}</span>
        </li>`,
    )}
  </ul>`;
}

function Links({ title, about, list }) {
  return html`<section class="stack">
    <div>
      <h2>${title}</h2>
      <p class="small muted">${about}</p>
    </div>
    ${
      list.length
        ? html`<ul class="wall narrow">
            ${list.map(
              ({ unit, weight }) =>
                html`<li class="card" key=${unit}>
                  <a href=${to("unit", { unit })} aria-label=${unit}><${UnitPicture} unit=${unit} /></a>
                  <span class="under" title=${unit}>${spoken(unit) === unit ? parts(unit).layer : spoken(unit)}</span
                  ><span class="under"
                    >${spoken(unit) === unit && html`<b>:${parts(unit).channel}</b> `}<span class=${weight < 0 ? "cool" : ""}
                      >${weight > 0 ? "+" : "−"}${Math.abs(weight).toPrecision(2)}</span
                    ></span
                  >
                </li>`,
            )}
          </ul>`
        : html`<p class="small muted">None.</p>`
    }
  </section>`;
}

function Card({ unit }) {
  const id = cards.use()[unit];
  const mine = useJobOf(id);
  const [made] = mine?.works || [];
  const begin = async () => {
    const begun = await start("card", { kind: "card", settings: { unit }, pictures: {}, film: "" });
    if (begun) cards.set(all => ({ ...all, [unit]: begun }));
  };
  const live = mine && LIVE.includes(mine.state);
  const { scanned, scan_problem: problem } = studio.use();
  const real = scanned.includes(parts(unit).layer);
  return html`<section class="stack">
    <div class="row">
      <h2 class="grow">Card</h2>
      ${
        live
          ? html`<span class="small muted" role="status">${standing(mine)}</span
              ><button type="button" class="quiet small" onClick=${() => act(mine.id, "cancel")}>Cancel</button>`
          : html`<button type="button" onClick=${begin}>${made ? "Make it again" : "Make its card"}</button>`
      }
    </div>
    ${mine?.state === "failed" && html`<p class="warn">${mine.error}</p>`}
    ${
      made
        ? html`<a href=${to("history", { work: made })}
            ><img class="sheet" src=${work(made)} alt="Card of ${unit}"
          /></a>`
        : live && mine.preview
          ? html`<img class="sheet" src=${mine.preview} alt="Card of ${unit}, not finished" />`
          : html`<p class="small muted">
              Its own pictures, strongest and weakest, ${real ? "the parts of photos that really excite it, " : ""}its
              weights and its kin, on one sheet. It takes a while.
${" "}${!real && (problem || "Real patches are shown where the studio is started with --scan, or with an atlas that has photos.")}
            </p>`
    }
  </section>`;
}

function One({ unit }) {
  const { layer, channel } = parts(unit);
  const { network, atlas } = studio.use();
  const about = network.layers.find(item => item.name === layer);
  const stayed = useStill(unit, 400, null); // whoever leafs through units asks for no weights
  const feeds = useAnswer("/api/ask/feeds", channel === null || !stayed ? null : { unit });
  const beside = step =>
    about &&
    channel !== null &&
    go(to("unit", { unit: `${layer}:${(channel + step + about.channels) % about.channels}` }));
  useKeys({ j: ["next unit", () => beside(1)], k: ["unit before", () => beside(-1)] }, [unit]);
  return html`<article class="stack wide-gap">
    <header class="unit-head">
      <div class="portrait"><${UnitPicture} unit=${unit} alt="The maximum activation of ${unit}" soon /></div>
      <div class="stack grow">
        <div>
          <h1>${spoken(unit)}</h1>
          <p class="muted">
            ${spoken(unit) === unit ? "" : html`<span class="mono">${unit}</span>, `}${about ? `one of ${about.channels} ${about.size ? `channels, on a grid of ${about.size.join("×")}` : "classes"}` : "no unit of this network"}
          </p>
        </div>
        <div class="row">
          ${unitLinks(unit).map(link => html`<a class="button" key=${link.room} href=${to(link.room, link.asked)}>${link.text}</a>`)}
          ${atlas?.ready && html`<a class="button" href=${to("atlas-room", { unit })}>In the atlas</a>`}
        </div>
        <div class="row">
          <button type="button" class="quiet" onClick=${() => beside(-1)}>← before</button
          ><button type="button" class="quiet" onClick=${() => beside(1)}>next →</button>
        </div>
      </div>
    </header>
    <${Card} unit=${unit} />
    ${
      feeds.missing
        ? html`<p class="small muted">${feeds.missing}</p>`
        : feeds.found &&
          html`<div class="pair">
              <${Links} title="What feeds it" about="Units of the layer before, by weight" list=${feeds.found.from} />
              <${Links} title="What it feeds" about="Units of the layer after, by weight" list=${feeds.found.to} />
            </div>
            ${feeds.found.missing?.map(said => html`<p class="small muted" key=${said}>${said}</p>`)}`
    }
  </article>`;
}

export function Unit() {
  const { asked } = address.use();
  const [text, setText] = useState(asked.text || "");
  useEffect(() => {
    setText(asked.text || "");
  }, [asked.text, asked.unit]);
  const { network } = studio.get();
  const first = network.layers.find(item => item.main).name;
  const usual = network.default_layer || first;
  const say = event => {
    setText(event.target.value);
    go(to("unit", event.target.value ? { text: event.target.value } : {}), { instead: true });
  };
  return html`<div class="bench left">
    <nav class="side left" aria-label="Layers of the network">
      <h2>Network</h2>
      <${Layers} chosen=${asked.unit ? [asked.unit] : []} whole=${false} toggle=${unit => go(to("unit", { unit }))} />
    </nav>
    <div class="column">
      <div class="page">
        <div class="field search">
          <label for="find-unit">Find a unit</label>
          <input
            id="find-unit"
            type="search"
            value=${text}
            onInput=${say}
            placeholder="a layer, a unit such as ${first}:12, or a class"
            spellcheck="false"
            autocomplete="off"
          />
        </div>
        ${
          text
            ? html`<${Found} text=${text} />`
            : asked.unit
              ? html`<${One} key=${asked.unit} unit=${asked.unit} />`
              : html`<div class="stack">
                  <h1>Units</h1>
                  <p class="muted">
                    Choose one by looking at the network, or search. From its page you can dream with it, look for it in
                    a photo, or take it to the desk. Here are some of ${usual}:
                  </p>
                  <${Found} text=${usual} most=${24} />
                </div>`
        }
      </div>
    </div>
  </div>`;
}
