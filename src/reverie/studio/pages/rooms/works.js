// What is known of works, for the rooms that show them.

import { html, useEffect, useState } from "../parts/draw.js";
import { worksChanged } from "../parts/live.js";
import { get } from "../parts/server.js";
import { tried } from "../parts/store.js";

/** When something was made, as a person says it. */
export const when = made =>
  new Date(made * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Works, a page at a time. */
export function useWorks() {
  const changed = worksChanged.use();
  const [state, setState] = useState({ works: [], more: false, known: false });
  const load = async before =>
    tried(async () => {
      const found = await get(`/api/works?limit=60${before ? `&before=${before}` : ""}`);
      setState(now => ({
        works: before ? [...now.works, ...found.works] : found.works,
        more: found.more,
        known: true,
      }));
    });
  useEffect(() => {
    load();
  }, [changed]);
  return { ...state, further: () => load(state.works[state.works.length - 1].id) };
}

/** One work, whole. */
export function useWork(id) {
  const [found, setFound] = useState(null);
  const [missing, setMissing] = useState("");
  useEffect(() => {
    let gone = false;
    setFound(null);
    setMissing("");
    if (id)
      get(`/api/works/${id}`).then(
        made => !gone && setFound(made),
        error => !gone && setMissing(error.message),
      );
    return () => {
      gone = true;
    };
  }, [id]);
  return { found, missing };
}

const worded = value =>
  Array.isArray(value) ? value.map(worded).join(", ") : typeof value === "string" ? value : JSON.stringify(value);

/** Settings that differ from the defaults, of one work or of two beside each other. */
export function Settings({ tables }) {
  const names = [...new Set(tables.flatMap(table => Object.keys(table)))];
  if (!names.length) return html`<p class="small muted">All settings are as they come.</p>`;
  return html`<table>
    <tbody>
      ${names.map(
        name =>
          html`<tr key=${name}>
            <th scope="row">${name.replaceAll("_", " ")}</th>
            ${tables.map(
              (table, at) =>
                html`<td
                  key=${at}
                  class=${tables.length > 1 && worded(tables[0][name]) !== worded(tables[1][name]) ? "differs" : ""}
                >
                  ${table[name] === undefined ? html`<span class="muted">as it comes</span>` : worded(table[name])}
                </td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}
