// The atlas, where one is given; else how to make one.

import { address } from "../parts/address.js";
import { html } from "../parts/draw.js";
import { studio } from "../parts/live.js";

export function Atlas() {
  const { atlas, network } = studio.use();
  const { asked } = address.use();
  if (atlas)
    return html`<iframe
      class="atlas"
      title="Atlas of ${network.name}"
      src="/atlas/${asked.unit ? `#/${asked.unit}` : ""}"
    ></iframe>`;
  const command = `reverie atlas build --model ${network.name} -o ${network.name}.atlas\nreverie studio --model ${network.name} --atlas ${network.name}.atlas`;
  return html`<div class="page">
    <h1>Atlas</h1>
    <p class="muted">
      Every unit of the network on one page. The studio was started without one; these two commands make it and open it
      here.
    </p>
    <pre class="code" tabindex="0" aria-label="Commands">${command}</pre>
  </div>`;
}
