// The easel: one picture as large as fits, what it was before under a slider, and what is painted over it.

import { html, useEffect, useRef, useState } from "./draw.js";

/** The newest address whose picture has come, with its size; while one is loading, those between are left out. */
function useNewest(src) {
  const [shown, show] = useState(null);
  const state = useRef({ loading: false, wanted: src });
  useEffect(() => {
    const own = state.current;
    own.wanted = src;
    const load = () => {
      const next = own.wanted;
      own.loading = true;
      const image = new Image();
      const done = good => () => {
        own.loading = false;
        if (own.gone) return;
        if (good) show({ src: next, width: image.naturalWidth, height: image.naturalHeight });
        if (own.wanted && own.wanted !== next) load();
      };
      [image.onload, image.onerror] = [done(true), done(false)];
      image.src = next;
    };
    if (src && !own.loading && src !== shown?.src) load();
  }, [src]);
  useEffect(
    () => () => {
      state.current.gone = true;
    },
    [],
  );
  return src ? shown : null;
}

/** A picture in its frame.
 *
 * before: address of what the slider uncovers; whole: at its own size, to be scrolled.
 */
export function Print({ src, alt, before, whole, children }) {
  const [cut, setCut] = useState(50);
  const frame = useRef();
  const shown = useNewest(src);
  useEffect(() => {
    if (!shown || !frame.current) return;
    const { width, height } = shown;
    const values = { cut: `${cut}%`, ratio: width / height, most: `${Math.max(width * 4, 560)}px`, own: `${width}px` };
    Object.entries(values).forEach(([name, value]) => frame.current.style.setProperty(`--${name}`, value));
  });
  return html`<div class="easel ${whole ? "whole" : ""}">
    ${
      shown &&
      html`<div class="print" ref=${frame}>
        <img src=${shown.src} alt=${alt} />
        ${
          before &&
          html`<img class="over before" src=${before} alt="" /> <span class="cut"></span
            ><span class="tag left">before</span><span class="tag right">after</span>
            <input
              type="range"
              class="cutter"
              min="0"
              max="100"
              step="1"
              value=${cut}
              aria-label="Before and after: how much of the photo is uncovered"
              onInput=${event => setCut(Number(event.target.value))}
            />`
        }
        ${children}
      </div>`
    }
  </div>`;
}
