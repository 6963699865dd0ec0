// A form is drawn from the JSON schema of the settings: types, bounds, defaults and help stand there alone.

import { html } from "./draw.js";
import { PicturePicker } from "./picker.js";
import { numeral, Typed } from "./typed.js";

export const title = name => name.replaceAll("_", " ").replace(/^./, letter => letter.toUpperCase());
const types = about => (about.anyOf || [about]).filter(each => each.type !== "null");
const optional = about => (about.anyOf || []).some(each => each.type === "null");
const shown = value => (Array.isArray(value) ? value.join(", ") : (value ?? ""));

/** Which control a property wants. */
export function control(about) {
  const found = types(about);
  const named = found.map(each => each.type);
  const [first] = found;
  if (about.reads === "photo" || about.reads === "mask") return "picture";
  if (named.length === 1 && named[0] === "boolean") return optional(about) ? "choice" : "tick";
  if (found.length === 1 && first.enum) return "choice";
  if (found.length === 1 && (named[0] === "integer" || named[0] === "number")) return "number";
  return named.includes("array") && !named.includes("integer") ? "list" : "text";
}

const allowed = about => types(about).find(each => each.enum)?.enum || ["yes", "no"];
const offered = about => types(about).map(each => each.examples || each.items?.enum || each.items?.examples).find(Boolean);
const chosen = text => (text === "yes" ? true : text === "no" ? false : text);
const written = value => (value === true ? "yes" : value === false ? "no" : (value ?? ""));

const NEAR = 100; // times a default, within which both bounds of a plain slider lie

const wide = ({ minimum, maximum }) => minimum > 0 && maximum / minimum > 100;

/** Whether a number is worth a slider: it has both bounds, and its default does not lie in a corner between them. */
function slides({ minimum, maximum, type }, start) {
  if (minimum === undefined || maximum === undefined || start === null || start === undefined) return false;
  return (wide({ minimum, maximum }) && type !== "integer") || maximum - minimum <= NEAR * Math.max(1, Math.abs(start));
}

/** A number whose bounds are far apart is turned on a logarithmic slider, a near one on a plain one. */
function Slider({ name, id, about, value, change }) {
  const { minimum: low, maximum: high, type } = types(about)[0];
  const logarithmic = wide(types(about)[0]) && type !== "integer";
  const spread = logarithmic ? [Math.max(low, 0.1), Math.min(high, 10)] : [low, high];
  const from = number => (logarithmic ? Math.log10(number) : number);
  const back = number => (logarithmic ? Number((10 ** number).toPrecision(2)) : number);
  return html`<div class="row tight nowrap">
    <input
      type="range"
      class="grow"
      aria-label="${title(name)}, slider"
      min=${from(spread[0])}
      max=${from(spread[1])}
      step=${type === "integer" ? 1 : logarithmic ? 0.02 : (high - low) / 100}
      value=${from(value ?? about.default)}
      onInput=${event => change(back(Number(event.target.value)))}
    />
    <${Typed}
      type="number"
      class="short"
      id=${id}
      min=${low}
      max=${high}
      step=${type === "integer" ? 1 : "any"}
      value=${value ?? about.default}
      change=${text => change(numeral(text))}
    />
  </div>`;
}

function Seed({ id, about, value, change }) {
  return html`<div class="row tight nowrap">
    <${Typed}
      type="number"
      id=${id}
      step="1"
      value=${value ?? about.default}
      change=${text => change(numeral(text))}
    />
    <button
      type="button"
      class="icon"
      title="Any seed"
      aria-label="Any seed"
      onClick=${() => change(Math.floor(Math.random() * 10000))}
    >
      ⚄
    </button>
  </div>`;
}

function Number_({ id, about, value, change }) {
  const { minimum, maximum, exclusiveMinimum, type } = types(about)[0];
  return html`<${Typed}
    type="number"
    id=${id}
    min=${minimum ?? exclusiveMinimum}
    max=${maximum}
    step=${type === "integer" ? 1 : "any"}
    placeholder=${about.default ?? "automatic"}
    value=${value ?? ""}
    change=${text => change(numeral(text))}
  />`;
}

function Choice({ id, about, value, change }) {
  const none = optional(about) || about.default === undefined;
  const said = text => (text === "" || chosen(text) === about.default ? undefined : chosen(text));
  return html`<select id=${id} onChange=${event => change(said(event.target.value))}>
    ${none && html`<option value="">automatic</option>`}
    ${allowed(about).map(each => html`<option key=${each} value=${each} selected=${each === written(value ?? about.default)}>${each}</option>`)}
  </select>`;
}

/** One of several names, each with what it is. */
function Named({ id, about, value, change, names }) {
  const now = value ?? about.default ?? "";
  return html`<select
      id=${id}
      onChange=${event => change([about.default, ""].includes(event.target.value) ? undefined : event.target.value)}
    >
      ${(about.default ?? "") === "" && html`<option value="">automatic</option>`}
      ${names.map(({ name }) => html`<option key=${name} value=${name} selected=${name === now}>${name}</option>`)}
    </select>
    ${names.some(each => each.about) && html`<span class="help">${names.find(({ name }) => name === now)?.about}</span>`}`;
}

function Text({ id, about, value, change, list, names = [] }) {
  const parsed = text =>
    text === ""
      ? undefined
      : list
        ? text
            .split(",")
            .map(each => each.trim())
            .filter(Boolean)
        : text;
  return html`<${Typed}
      id=${id}
      list=${names.length ? `${id}-names` : undefined}
      autocomplete="off"
      spellcheck="false"
      placeholder=${shown(about.default) || (list ? "none" : "automatic")}
      value=${shown(value)}
      change=${text => change(parsed(text.trim()))}
    />
    ${names.length > 0 && html`<datalist id="${id}-names">${names.map(each => html`<option key=${each} value=${each} />`)}</datalist>`}`;
}

/** One setting with its label and help.
 *
 * names: what may be meant, as texts, or as tables of name and about.
 */
function Field({ name, about, value, change, names, help = true, id = `set-${name}` }) {
  const kind = control(about);
  const bounded = kind === "number" && slides(types(about)[0], about.default);
  const said = html`<span class=${help ? "help" : "unseen"} id="${id}-help">${about.description}</span>`;
  const own = { name, id, about, value, change, names: names ?? offered(about) };
  const closed = Boolean(names?.[0]?.name);
  const described = closed && names.some(each => each.about);
  if (kind === "tick") {
    return html`<div class="field inline wide" title=${about.description}>
      <input
        type="checkbox"
        id=${id}
        checked=${value ?? about.default}
        onChange=${event => change(event.target.checked === about.default ? undefined : event.target.checked)}
      />
      <label for=${id}>${title(name)}</label>${said}
    </div>`;
  }
  if (kind === "picture")
    return html`<div class="field wide">
      <span class="label">${title(name)}</span>
      <${PicturePicker}
        label=${title(name)}
        value=${value}
        change=${change}
        several=${types(about)[0]?.type === "array"}
      />${said}
    </div>`;
  const drawn =
    name === "seed"
      ? html`<${Seed} ...${own} />`
      : bounded
        ? html`<${Slider} ...${own} />`
        : kind === "number"
          ? html`<${Number_} ...${own} />`
          : kind === "choice"
            ? html`<${Choice} ...${own} />`
            : closed
              ? html`<${Named} ...${own} />`
              : html`<${Text} ...${own} list=${kind === "list"} />`;
  return html`<div
    class="field ${(bounded && name !== "seed") || described ? "wide" : ""}"
    title=${help ? undefined : about.description}
  >
    <label for=${id}>${title(name)}</label>${drawn}${said}
  </div>`;
}

/** The fields of a schema: some first, the rest behind a fold, the rare ones behind another. */
export function Fields({ schema, first, without, values, change, names = {} }) {
  const draw = (name, help) =>
    html`<${Field}
      key=${name}
      name=${name}
      about=${schema.properties[name]}
      value=${values[name]}
      change=${value => change(name, value)}
      help=${help}
      names=${names[name]}
    />`;
  const rest = Object.keys(schema.properties).filter(name => !first.includes(name) && !without.includes(name));
  const [common, rare] = [false, true].map(seldom =>
    rest.filter(name => Boolean(schema.properties[name].rare) === seldom),
  );
  const set = names => names.filter(name => values[name] !== undefined).length;
  const fold = (word, names) =>
    names.length > 0 &&
    html`<details>
      <summary>${word}${set(names) ? ` (${set(names)} set)` : ""}</summary>
      <div class="fields">${names.map(name => draw(name, true))}</div>
    </details>`;
  return html`<div class="fields">${first.filter(name => schema.properties[name]).map(name => draw(name, false))}</div>
    ${fold("More settings", common)}${fold("Rare settings", rare)}`;
}
