// The middle of a room that makes a picture: the photo, the picture as it grows, what it was before.

import { go, to } from "../parts/address.js";
import { html, useEffect, useRef, useState } from "../parts/draw.js";
import { useKeys } from "../parts/keys.js";
import { asMask, painted, Painting, wipe } from "../parts/painting.js";
import { Bring, Camera, Choose, named, use } from "../parts/picker.js";
import { picture, upload, whole, work } from "../parts/server.js";
import { Print } from "../parts/stage.js";
import { mask, photo, tried } from "../parts/store.js";
import { act, LIVE, madeBy, Transport, useJob } from "../parts/transport.js";

/** Brush, eraser and what else a mask needs. */
function MaskTools({ brush, setBrush, erase, setErase, clear, end }) {
  return html`<span class="label">Paint where it may change</span>
    <input
      type="range"
      min=".02"
      max=".25"
      step=".01"
      value=${brush}
      aria-label="Brush size"
      onInput=${event => setBrush(Number(event.target.value))}
    />
    <button type="button" aria-pressed=${erase} onClick=${() => setErase(!erase)}>Erase</button>
    <button type="button" onClick=${clear}>Clear</button><button type="button" onClick=${end}>Done</button>`;
}

/** State of the painted mask: kept with the photo that it belongs to. */
function useMask(shown) {
  const canvas = useRef();
  const [brush, setBrush] = useState(0.08);
  const [erase, setErase] = useState(false);
  const keep = async drawn => {
    if (!painted(drawn)) return mask.set(null);
    const found = await tried(async () => upload(await asMask(drawn)));
    return found && mask.set({ pic: found.id, of: shown.pic });
  };
  const clear = () => {
    wipe(canvas.current);
    mask.set(null);
  };
  return { canvas, brush, setBrush, erase, setErase, keep, clear };
}

/** What is made of a finished picture next. */
function Next({ room, made, again, film }) {
  if (!made) return null;
  const onward = async () => photo.set(await named(`work:${made.id}`, "what was made"));
  return html`${room.photo && html`<button type="button" class="quiet" onClick=${onward} title="The picture becomes the photo">Go on from here</button>`}
    <button type="button" class="quiet" onClick=${again}>Another seed</button>
    <a class="button quiet" href="${work(made.id)}?download" download>PNG</a>
    ${film && html`<a class="button quiet" href="${work(made.id, "film")}?download" download>Film</a>`}
    <button type="button" class="quiet" onClick=${() => go(to("history", { work: made.id }))}>Open</button>`;
}

function Tools({ room, live, made, view, setView, masking, setMasking, own, full, setFull, shown }) {
  const press = (on, label, act) => html`<button type="button" aria-pressed=${on} onClick=${act}>${label}</button>`;
  if (masking)
    return html`<div class="toolbar" role="toolbar" aria-label="Mask">
      <${MaskTools} ...${own} end=${() => setMasking(false)} />
    </div>`;
  return html`<div class="toolbar" role="toolbar" aria-label="Picture">
    ${
      room.photo &&
      (made || live) &&
      html`${press(view === "result", "Result", () => setView("result"))}${press(view === "both", "Before | after", () => setView("both"))}
      ${press(view === "photo", "Photo", () => setView("photo"))}`
    }
    ${room.mask && shown && press(Boolean(mask.get() && mask.get().of === shown.pic), "Mask", () => setMasking(true))}
    ${press(full, "1:1", () => setFull(!full))}
    ${
      room.photo &&
      html`<${Choose} take=${use} label="Another photo" />${navigator.mediaDevices && html`<${Camera} take=${use} />`}
        <button
          type="button"
          onClick=${() => {
            photo.set(null);
            mask.set(null);
          }}
          aria-label="Put the photo away"
        >
          ×
        </button>`
    }
  </div>`;
}

/** The stage of a room. */
export function Easel({ room, begin, again, lacks }) {
  const job = useJob(room.kind);
  const shown = photo.use();
  mask.use();
  const [view, setView] = useState("result");
  const [masking, setMasking] = useState(false);
  const [full, setFull] = useState(false);
  const own = useMask(shown);
  const [made] = madeBy(job);
  const live = job && LIVE.includes(job.state);
  useEffect(() => {
    if (live) {
      setView(now => (now === "photo" ? "result" : now));
      setMasking(false);
    }
  }, [job?.id, live]);
  useEffect(() => {
    if (!live) setView("photo");
  }, [shown?.pic]);
  useEffect(() => {
    if (made) setView(now => (now === "photo" ? "result" : now));
  }, [made?.id]);
  const result = made?.src || job?.preview;
  const before = room.photo && job?.picture ? picture(job.picture) : null;
  const src =
    masking || view === "photo" || !result
      ? room.photo && shown
        ? (full ? whole : picture)(shown.pic)
        : room.photo
          ? null
          : result
      : result;
  useKeys(
    {
      p: ["pause, go on", () => live && act(job.id, job.state === "paused" ? "resume" : "pause")],
      s: ["stop and keep", () => live && act(job.id, "stop")],
      c: ["before and after", () => setView(now => (now === "both" ? "result" : "both"))],
      m: ["paint a mask", () => room.mask && shown && setMasking(now => !now)],
      z: ["at its own size", () => setFull(now => !now)],
    },
    [job?.id, job?.state, live, room.kind, Boolean(shown)],
  );
  const size = shown && { width: shown.width || 1, height: shown.height || 1 };
  return html`<section class="stage ${src ? "under-tools" : ""}" aria-label="Picture">
    ${
      src
        ? html`<${Tools} ...${{ room, live, made, view, setView, masking, setMasking, own, full, setFull, shown }} />
            <${Print}
              src=${src}
              alt=${src === result ? job.title : shown?.name || ""}
              whole=${full}
              before=${view === "both" && !masking && src === result ? before : null}
            >
              ${
                masking &&
                size &&
                html`<${Painting}
                  ...${size}
                  ...${own}
                  changed=${own.keep}
                  stored=${mask.get()?.of === shown.pic ? whole(mask.get().pic) : null}
                  label="Mask: arrows move the brush, space paints"
                />`
              }<//
            >`
        : html`<div class="empty">
            ${
              room.photo
                ? html`<${Bring} title="Bring a photo" about=${room.empty} />`
                : html`<div class="drop">
                    <h1>From noise</h1>
                    <p>Choose a unit by looking at the network, and press “${room.verb}”.</p>
                  </div>`
            }
          </div>`
    }
    <${Transport} job=${job} begin=${begin} label=${room.verb} ready=${!lacks}
      >${job && !live && html`<${Next} room=${room} made=${made} again=${again} film=${job.film || false} />`}<//
    >
  </section>`;
}
