// A run as it stands: a picture, how far it is, a button that ends it; with a unit, a field to name another one.

function made(tag, name, parent) {
  const node = document.createElement(tag);
  node.className = name;
  parent.append(node);
  return node;
}

export default {
  render({ model, el }) {
    el.classList.add("reverie");
    const form = made("form", "reverie-ask", el);
    const label = made("label", "", form);
    label.textContent = "Unit ";
    const field = made("input", "", label);
    const ask = made("button", "", form);
    ask.textContent = "Show";
    const head = made("div", "reverie-head", el);
    const bar = made("progress", "", head);
    const told = made("span", "reverie-told", head);
    const stop = made("button", "", head);
    stop.type = "button";
    stop.textContent = "Stop";
    told.setAttribute("role", "status");
    bar.setAttribute("aria-label", "progress");
    const picture = made("img", "reverie-picture", el);
    picture.alt = "the picture as it stands";
    const page = made("iframe", "reverie-page", el);
    page.title = "the card";
    page.setAttribute("sandbox", "allow-scripts allow-downloads");
    let address = "";

    const draw = () => {
      const state = model.get("state"), total = model.get("total"), note = model.get("note");
      const running = state === "running";
      form.hidden = !model.get("unit");
      if (document.activeElement !== field) field.value = model.get("unit");
      bar.hidden = stop.hidden = !running;
      if (total) { bar.max = total; bar.value = model.get("done"); } else bar.removeAttribute("value");
      const far = running ? `${model.get("task")} ${model.get("done")}${total ? ` of ${total}` : ""}` : state;
      told.textContent = note ? `${far} · ${note}` : far;
    };
    const showPicture = () => {
      const bytes = model.get("picture");
      URL.revokeObjectURL(address);
      picture.hidden = !bytes || !bytes.byteLength;
      if (picture.hidden) return;
      address = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
      picture.src = address;
    };
    const showPage = () => {
      const text = model.get("page"), whole = Boolean(text) && model.get("state") !== "running";
      page.hidden = !whole;
      if (text) page.srcdoc = text;
      if (whole) picture.hidden = true;
    };
    const all = () => { draw(); showPicture(); showPage(); };

    stop.addEventListener("click", () => model.send({ stop: true }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) model.send({ show: field.value.trim() });
    });
    for (const name of ["done", "total", "task", "note", "unit"]) model.on(`change:${name}`, draw);
    for (const name of ["state", "page", "picture"]) model.on(`change:${name}`, all);
    all();
    return () => URL.revokeObjectURL(address);
  },
};
