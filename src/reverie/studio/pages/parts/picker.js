// A picture comes in: dropped, pasted, chosen, photographed, or one of the samples.

import { html, useEffect, useRef, useState } from "./draw.js";
import { picture, upload } from "./server.js";
import { photo, say, tried } from "./store.js";
import { studio } from "./live.js";

const SAMPLES = ["sample:flower", "sample:china"];

const size = async name =>
  new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => reject(new Error("This picture cannot be shown; choose another."));
    image.src = picture(name);
  });

/** Sends a file; gives what the rooms know of a picture, or nothing where it was refused. */
async function brought(file) {
  const limit = studio.get()?.bytes;
  if (limit && file.size > limit) {
    return say(`This file has ${Math.round(file.size / 1e6)} MB; at most ${Math.round(limit / 1e6)} are taken.`, true);
  }
  const found = await tried(() => upload(file));
  return found && { pic: found.id, name: file.name || "pasted picture", width: found.width, height: found.height };
}

export async function named(pic, name = pic) {
  const found = await tried(() => size(pic));
  return found && { pic, name, ...found };
}

export async function use(file) {
  const found = await brought(file);
  if (found) photo.set(found);
}

const filesOf = event => [...((event.clipboardData || event.dataTransfer)?.files || [])];

/** While shown: a picture pasted or dropped anywhere becomes the photo. */
export function useBringing() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const paste = event => filesOf(event)[0] && use(filesOf(event)[0]);
    const drag = event => {
      if (![...(event.dataTransfer?.types || [])].includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover");
    };
    const drop = event => {
      setOver(false);
      if (event.defaultPrevented) return; // a picker has taken it
      drag(event);
      if (filesOf(event)[0]) use(filesOf(event)[0]);
    };
    const all = { paste, dragover: drag, dragleave: drag, drop };
    Object.entries(all).forEach(([name, act]) => addEventListener(name, act));
    return () => Object.entries(all).forEach(([name, act]) => removeEventListener(name, act));
  }, []);
  return over;
}

/** A button that opens the files. */
export function Choose({ take, label = "Choose a picture", primary = false, many = false }) {
  const input = useRef();
  return html`<button type="button" class=${primary ? "primary" : ""} onClick=${() => input.current.click()}>
      ${label}
    </button>
    <input
      type="file"
      accept="image/*"
      hidden
      ref=${input}
      multiple=${many}
      aria-label=${label}
      onChange=${event => {
        const files = [...event.target.files];
        event.target.value = ""; // so that the same file can be chosen again
        if (files.length) take(many ? files : files[0]);
      }}
    />`;
}

/** The camera, in a sheet: see oneself, take one picture. */
export function Camera({ take }) {
  const [stream, setStream] = useState(null);
  const video = useRef();
  const sheet = useRef();
  const end = () => {
    stream?.getTracks().forEach(track => track.stop());
    setStream(null);
  };
  useEffect(() => {
    if (!stream) return undefined;
    video.current.srcObject = stream;
    sheet.current.showModal();
    return () => stream.getTracks().forEach(track => track.stop());
  }, [stream]);
  const begin = async () => {
    try {
      setStream(await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } }));
    } catch {
      say("There is no camera here, or the browser may not use it.", true);
    }
  };
  const shoot = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.current.videoWidth, video.current.videoHeight];
    canvas.getContext("2d").drawImage(video.current, 0, 0);
    canvas.toBlob(blob => {
      take(new File([blob], "camera.png", { type: "image/png" }));
      end();
    }, "image/png");
  };
  return html`<button type="button" onClick=${begin}>Photograph</button> ${
      stream &&
      html`<dialog ref=${sheet} onClose=${end} class="camera" aria-label="Camera">
        <video ref=${video} autoplay muted playsinline />
        <div class="row">
          <button type="button" class="primary" onClick=${shoot}>Take it</button>
          <button type="button" onClick=${end}>Close</button>
        </div>
      </dialog>`
    }`;
}

/** What an empty easel says. */
export function Bring({ title, about }) {
  return html`<div class="drop">
    <h1>${title}</h1>
    <p>${about}</p>
    <div class="row"><${Choose} take=${use} primary />${navigator.mediaDevices && html`<${Camera} take=${use} />`}</div>
    <p class="small">Drop a file anywhere, or paste one. It stays on this machine.</p>
    <div class="samples">
      ${SAMPLES.map(
        pic =>
          html`<button type="button" key=${pic} onClick=${async () => photo.set(await named(pic))}>
            <img src=${picture(pic)} alt="" /><span>${pic.replace(":", " ")}</span>
          </button>`,
      )}
    </div>
  </div>`;
}

/** A small picker for a setting that is a picture, or several. */
export function PicturePicker({ label, value, change, several }) {
  const all = several ? value || [] : value ? [value] : [];
  const put = list => change(several ? (list.length ? list : undefined) : list[list.length - 1]);
  const add = (...pics) => put([...all, ...pics.filter(pic => !all.includes(pic))]);
  const take = async files => {
    const found = [];
    for (const file of [files].flat()) found.push((await brought(file))?.pic);
    add(...new Set(found.filter(Boolean)));
  };
  const drop = event => {
    const files = filesOf(event);
    if (!files.length) return;
    event.preventDefault();
    take(files);
  };
  return html`<div class="row" role="group" aria-label=${label} onDrop=${drop}>
    ${all.map(
      (pic, index) =>
        html`<span class="picked" key=${pic + index}
          ><img src=${picture(pic)} alt=${`${label}: ${pic}`} />
          <button
            type="button"
            class="quiet icon small"
            aria-label="Remove ${pic}"
            onClick=${() => put(all.filter((_, at) => at !== index))}
          >
            ×
          </button></span
        >`,
    )}
    <${Choose} take=${take} label=${all.length && !several ? "Another" : `Choose`} many=${several} />
    ${SAMPLES.filter(pic => !all.includes(pic)).map(
      pic =>
        html`<button type="button" class="picked" key=${pic} aria-label=${pic} title=${pic} onClick=${() => add(pic)}>
          <img src=${picture(pic)} alt="" />
        </button>`,
    )}
  </div>`;
}
