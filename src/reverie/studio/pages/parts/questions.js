// Questions to the network that are answered at once: classes, positions, the desk. The newest alone counts.

import { html, useEffect, useRef, useState } from "./draw.js";
import { post } from "./server.js";

const AGAIN = 1000; // milliseconds until a question is asked again that found the network busy

/** The answer to a question that is asked once; while the network is busy it is asked again. */
export async function answer(path, asked) {
  for (;;) {
    try {
      return await post(path, asked);
    } catch (error) {
      if (!error.busy) throw error;
      await new Promise(resolve => setTimeout(resolve, AGAIN));
    }
  }
}

/** The answer to a question, asked again whenever it changes; while one is asked, those between are left out.
 *
 * Gives {found, missing, busy}; nothing is asked where `asked` is null.
 */
export function useAnswer(path, asked) {
  const [state, setState] = useState({ found: null, missing: "", busy: false });
  const own = useRef({ busy: false, wanted: null });
  const text = asked && JSON.stringify(asked);
  useEffect(() => {
    const now = own.current;
    now.wanted = text;
    const ask = async () => {
      now.busy = true;
      const question = now.wanted;
      const told = await post(path, JSON.parse(question)).then(
        found => ({ found, missing: "" }),
        error => ({ missing: error.message, later: error.busy }),
      );
      if (told.later) await new Promise(resolve => setTimeout(resolve, AGAIN));
      now.busy = false;
      if (now.gone || !now.wanted) return;
      const again = told.later || now.wanted !== question;
      setState(was => ({ ...was, ...told, busy: again }));
      if (again) ask();
    };
    if (!text) setState({ found: null, missing: "", busy: false });
    else if (!now.busy) {
      setState(was => ({ ...was, busy: true }));
      ask();
    }
  }, [text]);
  useEffect(
    () => () => {
      own.current.gone = true;
    },
    [],
  );
  return state;
}

const percent = (share, raw) => (raw ? share.toPrecision(3) : `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`);

/** Classes with bars; `was` are their shares before. */
export function ClassBars({ classes, was, raw, chosen, choose }) {
  const before = new Map((was || []).map(item => [item.index, item.share]));
  const most = raw ? Math.max(...classes.map(item => Math.abs(item.share)), 1e-9) : 1;
  return html`<ul class="bars">
    ${classes.map(({ index, name, share }) => {
      const then = before.get(index);
      const moved = then !== undefined && Math.abs(share - then) > 0.005;
      return html`<li key=${index}>
        ${choose ? html`<button type="button" class="plain" aria-pressed=${chosen === index} onClick=${() => choose(index)}>${name}</button>` : html`<span class="name2">${name}</span>`}
        <output class=${moved ? (share > then ? "up" : "down") : ""}>${percent(share, raw)}</output>
        <${Track} share=${share / most} was=${then === undefined ? null : then / most} />
      </li>`;
    })}
  </ul>`;
}

function Track({ share, was }) {
  const bar = useRef();
  useEffect(() => {
    const [now, then] = bar.current.querySelectorAll("i");
    now.style.width = `${Math.max(share, 0) * 100}%`;
    if (then) then.style.left = `calc(${Math.max(was, 0) * 100}% - 1px)`;
  });
  return html`<span class="track ${was === null ? "" : "two"}" ref=${bar}
    ><i></i>${was !== null && html`<i class="was"></i>`}</span
  >`;
}
