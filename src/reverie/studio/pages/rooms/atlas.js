// The atlas, where one is given; else how to make one.

import { address } from "../parts/address.js";
import { html, useEffect, useRef } from "../parts/draw.js";
import { studio } from "../parts/live.js";
import { theme } from "../parts/store.js";

const page = body => html`<div class="page"><h1>Atlas</h1>${body}</div>`;

export function Atlas() {
  const { atlas, atlas_commands: commands } = studio.use();
  const { asked } = address.use();
  const shade = theme.use();
  const frame = useRef();
  const dress = () => {
    const root = frame.current?.contentDocument?.documentElement;
    if (root) root.dataset.shade = shade;
  };
  useEffect(dress, [shade]);
  if (!atlas)
    return page(html`<p class="muted">
        Every unit of the network on one page. The studio was started without one; these two commands make it and open
        it here. The first one can be left at any moment, and goes on.
      </p>
      <pre class="code" tabindex="0" aria-label="Commands">${commands}</pre>`);
  if (atlas.problem) return page(html`<p class="warn" role="alert">${atlas.problem}</p>`);
  if (!atlas.ready) return page(html`<p class="muted" role="status">${atlas.name} is being laid out…</p>`);
  return html`<h1 class="unseen">Atlas ${atlas.name}</h1>
    <iframe
      class="atlas"
      title="Atlas ${atlas.name}"
      ref=${frame}
      onLoad=${dress}
      src="/atlas/${asked.unit ? `#/${asked.unit}` : ""}"
    ></iframe>`;
}
