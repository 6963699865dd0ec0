// Faders: each unit with its weight; below zero it is shunned.

import { to } from "./address.js";
import { html, useState } from "./draw.js";
import { studio } from "./live.js";
import { Typed } from "./typed.js";
import { parts, Portrait, spoken } from "./units.js";

export const REACH = 2; // of a fader's end; a larger weight can be typed

function Fader({ unit, weight, change, remove, low, high, step, mark }) {
  const name = spoken(unit);
  const { channel } = parts(unit);
  return html`<li class="fader">
    <span class="pic"><${Portrait} unit=${unit} /></span>
    <span class="what" title=${unit}
      >${channel === null ? name : html`<a href=${to("unit", { unit })}>${name}</a>`}</span
    >
    ${
      weight === undefined
        ? html`<span></span>`
        : html`<input
              type="range"
              class=${weight < 0 ? "negative" : ""}
              min=${low}
              max=${high}
              step=${step}
              value=${weight}
              aria-label="Weight of ${name}, fader"
              onInput=${event => change(Number(event.target.value))}
              onDblClick=${() => change(mark)}
            />
            <${Typed}
              type="number"
              step="any"
              value=${weight}
              aria-label="Weight of ${name}"
              change=${text => change(Number(text) || 0)}
            />`
    }
    <button type="button" class="quiet" aria-label="Remove ${name}" onClick=${remove}>×</button>
  </li>`;
}

/** A field in which units are named; Enter adds. */
export function AddUnit({ add, label = "Add a unit", hint }) {
  const [text, setText] = useState("");
  const usual = studio.get().network.default_layer;
  const submit = event => {
    event.preventDefault();
    if (text.trim()) add(text.trim());
    setText("");
  };
  return html`<form class="row tight nowrap" onSubmit=${submit}>
    <input
      aria-label=${label}
      placeholder=${hint || (usual ? `${usual}:12, logits:name` : "logits:name")}
      value=${text}
      spellcheck="false"
      autocomplete="off"
      onInput=${event => setText(event.target.value)}
    /><button type="submit" class="quiet">Add</button>
  </form>`;
}

/** Units with faders, or without them where there are no weights. */
export function Faders({ units, set, weighted = true, low = -REACH, high = REACH, step = 0.05, mark = 1 }) {
  const put = (index, weight) => set(units.map((item, at) => (at === index ? { ...item, weight } : item)));
  return html`<ul class="faders">
    ${units.map(
      ({ unit, weight }, index) =>
        html`<${Fader}
          key=${unit}
          unit=${unit}
          low=${low}
          high=${high}
          step=${step}
          mark=${mark}
          weight=${weighted ? weight : undefined}
          change=${value => put(index, value)}
          remove=${() => set(units.filter((_, at) => at !== index))}
        />`,
    )}
  </ul>`;
}

/** Units with one more, or without it where it was among them. */
export function toggled(units, unit, weight = 1) {
  return units.some(item => item.unit === unit)
    ? units.filter(item => item.unit !== unit)
    : [...units, { unit, weight }];
}
