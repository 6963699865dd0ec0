// A field that is typed into: what stands in it is the user's until it is left, whatever is drawn anew meanwhile.

import { html, useState } from "./draw.js";

/** An input whose `change` is told the text when it is left, or confirmed. */
export function Typed({ value, change, ...more }) {
  const [text, setText] = useState(null);
  return html`<input
    ...${more}
    value=${text ?? value}
    onInput=${event => setText(event.target.value)}
    onChange=${event => change(event.target.value)}
    onBlur=${() => setText(null)}
  />`;
}

/** The number of a text; nothing of an empty one. */
export const numeral = text => (text === "" ? undefined : Number(text));
