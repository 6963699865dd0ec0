// A region painted by hand over a picture, with mouse, pen, finger or keys.

import { html, useEffect, useRef, useState } from "./draw.js";

const LONG = 1024; // side of the canvas: finer than any network sees
const PAINT = [70, 190, 255]; // as no photo is all over

const penOf = canvas => canvas.getContext("2d", { willReadFrequently: true });

const stroke = (canvas, from, to, radius, erase) => {
  const pen = penOf(canvas);
  pen.globalCompositeOperation = erase ? "destination-out" : "source-over";
  pen.strokeStyle = `rgb(${PAINT})`;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = 2 * radius;
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(to[0] + 0.01, to[1]);
  pen.stroke();
};

/** The painted region as a black and white PNG: white where it was painted. */
export function asMask(canvas) {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const pen = copy.getContext("2d");
  pen.drawImage(canvas, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, copy.width, copy.height);
  pen.globalCompositeOperation = "destination-over";
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, copy.width, copy.height);
  return new Promise(resolve => copy.toBlob(resolve, "image/png"));
}

/** Whether anything is painted. */
export const painted = canvas =>
  penOf(canvas)
    .getImageData(0, 0, canvas.width, canvas.height)
    .data.some((value, index) => index % 4 === 3 && value > 0);

/** Takes all paint away. */
export const wipe = canvas => canvas && penOf(canvas).clearRect(0, 0, canvas.width, canvas.height);

/** Brings back what was painted before a reload. */
function restore(canvas, src) {
  const image = new Image();
  image.onload = () => {
    const pen = penOf(canvas);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < pixels.data.length; at += 4) {
      pixels.data.set([...PAINT, pixels.data[at]], at);
    }
    pen.putImageData(pixels, 0, 0);
    canvas.classList.add("restored");
  };
  image.src = src;
}

/** The canvas that is painted on.
 *
 * brush: radius as a share of the short side; changed: called with the canvas after each stroke; stored: address of a mask.
 */
export function Painting({ width, height, brush, erase, changed, stored, label, canvas }) {
  const scale = LONG / Math.max(width, height);
  const size = [Math.round(width * scale), Math.round(height * scale)];
  const last = useRef(null);
  const [at, setAt] = useState(null); // where the keys are, in pixels of the canvas
  const radius = brush * Math.min(...size);
  useEffect(() => {
    if (stored) restore(canvas.current, stored);
  }, [width, height]);
  const place = event => {
    const box = canvas.current.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * size[0], ((event.clientY - box.top) / box.height) * size[1]];
  };
  const draw = to => {
    stroke(canvas.current, last.current || to, to, radius, erase);
    last.current = to;
  };
  const down = event => {
    event.preventDefault();
    canvas.current.setPointerCapture(event.pointerId);
    last.current = null;
    draw(place(event));
  };
  const move = event => last.current && draw(place(event));
  const up = () => {
    if (last.current) {
      last.current = null;
      changed(canvas.current);
    }
  };
  const press = event => {
    const step = (event.shiftKey ? 0.1 : 0.02) * Math.min(...size);
    const ways = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
      " ": [0, 0],
    };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const now = at || size.map(side => side / 2);
    if (event.key === " ") {
      last.current = null;
      draw(now);
      return up();
    }
    setAt(now.map((value, axis) => Math.min(size[axis], Math.max(0, value + way[axis]))));
  };
  const cross = useRef();
  useEffect(() => {
    if (!at || !cross.current) return;
    Object.assign(cross.current.style, {
      left: `${((at[0] - radius) / size[0]) * 100}%`,
      top: `${((at[1] - radius) / size[1]) * 100}%`,
      width: `${((2 * radius) / size[0]) * 100}%`,
      height: `${((2 * radius) / size[1]) * 100}%`,
    });
  });
  return html`<canvas
      class="over mask"
      width=${size[0]}
      height=${size[1]}
      ref=${canvas}
      tabindex="0"
      role="application"
      aria-label=${label}
      onPointerDown=${down}
      onPointerMove=${move}
      onPointerUp=${up}
      onPointerCancel=${up}
      onKeyDown=${press}
      onBlur=${() => setAt(null)}
    />
    ${at && html`<span class="cross round" ref=${cross}></span>`}`;
}
