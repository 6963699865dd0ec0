// The command line of it: what the form would be in a terminal and in Python.

import { html, useEffect, useState } from "./draw.js";
import { post } from "./server.js";
import { copy, useStill } from "./transport.js";

const WORDS = { command: "Terminal", python: "Python" };

/** Both texts, or the one that there is, each with a button that copies it. */
export function Words({ command, python }) {
  const texts = { command, python };
  const [asked, ask] = useState("command");
  const shown = texts[asked] ? asked : "python";
  return html`<div class="stack">
    <div class="row">
      <div class="choices" role="group" aria-label="In which language">
        ${Object.keys(WORDS)
          .filter(name => texts[name])
          .map(
            name =>
              html`<button
                type="button"
                class="small"
                key=${name}
                aria-pressed=${shown === name}
                onClick=${() => ask(name)}
              >
                ${WORDS[name]}
              </button>`,
          )}
      </div>
      <button type="button" class="quiet small" onClick=${() => copy(texts[shown])}>Copy</button>
    </div>
    <pre class="code" tabindex="0" aria-label=${WORDS[shown]}>${texts[shown]}</pre>
  </div>`;
}

/** The command of a job that is not yet asked for; in its place what is still missing. */
export function Command({ asked, lacks }) {
  const still = useStill(lacks ? null : asked, 250);
  const [found, setFound] = useState({});
  useEffect(() => {
    if (!still) return undefined;
    const end = new AbortController();
    post("/api/command", still, end.signal).then(
      setFound,
      error => error.name !== "AbortError" && setFound({ missing: error.message }),
    );
    return () => end.abort();
  }, [JSON.stringify(still)]);
  return html`<section>
    <h2>The command line of it</h2>
    ${lacks || !found.python ? html`<p class="small muted">${lacks || found.missing || "…"}</p>` : html`<${Words} ...${found} />`}
  </section>`;
}
