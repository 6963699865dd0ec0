// The command line of it: what the form would be in a terminal and in Python.

import { html, useEffect, useState } from "./draw.js";
import { post } from "./server.js";
import { copy, useStill } from "./transport.js";

/** Both texts, each with a button that copies it. */
export function Words({ command, python }) {
  const [shown, show] = useState("command");
  const text = shown === "command" ? command : python;
  return html`<div class="stack"><div class="row"><div class="choices" role="group" aria-label="In which language">
    ${[["command", "Terminal"], ["python", "Python"]].map(([name, word]) => html`<button type="button" class="small" key=${name} aria-pressed=${shown === name} onClick=${() => show(name)}>${word}</button>`)}</div>
    <button type="button" class="quiet small" onClick=${() => copy(text)}>Copy</button></div>
    <pre class="code" tabindex="0" aria-label="${shown === "command" ? "Command" : "Python"}">${text}</pre></div>`;
}

/** The command of a job that is not yet asked for; in its place what is still missing. */
export function Command({ asked, lacks }) {
  const still = useStill(lacks ? null : asked, 250);
  const [found, setFound] = useState({});
  useEffect(() => {
    if (!still) return undefined;
    const end = new AbortController();
    post("/api/command", still, end.signal).then(setFound, error => error.name !== "AbortError" && setFound({ missing: error.message }));
    return () => end.abort();
  }, [JSON.stringify(still)]);
  return html`<section><h2>The command line of it</h2>
    ${lacks || !found.command ? html`<p class="small muted">${lacks || found.missing || "…"}</p>` : html`<${Words} ...${found} />`}</section>`;
}
