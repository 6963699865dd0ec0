"use strict";
// Addresses: #/ the network, #/block8 a layer, #/block8:12 a unit, #/block8:12/block8:40 two of them, #/class/NAME a class.
// What list is in view stands behind a question mark: its words, its order, whether dead units are left out, its class;
// or the cell of the layer's activation atlas.

(() => {
  const coded = text => encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%40", "@").replaceAll("%2C", ",").replaceAll("%20", "+");
  const decoded = text => {
    try {
      return decodeURIComponent(text.replaceAll("+", " "));
    } catch {
      return text;
    }
  };

  const KEYS = ["q", "sort", "live", "class", "taken", "px", "pin", "grid"];

  /** What an address asks for. */
  atlas.parsed = hash => {
    const [path, query = ""] = hash.replace(/^#?\/?/, "").split("?");
    const parts = path.split("/").filter(part => part !== "").map(decoded);
    const list = {};
    for (const pair of query.split("&")) {
      const at = pair.indexOf("="), key = at < 0 ? pair : pair.slice(0, at);
      if (KEYS.includes(key)) list[key] = decoded(at < 0 ? "" : pair.slice(at + 1));
    }
    if (!parts.length) return { page: "network", list };
    if (parts[0] === "class" && (parts.length === 2 || /\/$/.test(path))) {
      return parts.length > 1 ? { page: "class", name: parts[1], list } : { page: "classes", list };
    }
    if (parts.length === 1 && atlas.numbers.has(parts[0])) return { page: "layer", layer: atlas.numbers.get(parts[0]), list };
    const units = parts.slice(0, 2).map(atlas.unitOf);
    if (units.some(unit => !unit) || parts.length > 2) return { page: "nowhere", text: parts.join("/"), list };
    return units.length > 1 ? { page: "pair", pin: units[0], unit: units[1], list } : { page: "unit", unit: units[0], list };
  };

  const query = list => {
    const told = KEYS.filter(key => list[key]).map(key => `${key}=${coded(list[key])}`);
    return told.length ? `?${told.join("&")}` : "";
  };

  atlas.state = { page: "network", list: {} }; // what is shown

  /** The list in view, with changes. */
  atlas.listed = changes => ({ ...atlas.state.list, ...changes });

  atlas.networkAddress = (list = {}) => `#/${query(list)}`;
  atlas.layerAddress = (layer, list = atlas.listed()) => `#/${coded(atlas.network.layers[layer].name)}${query({ ...pinned(), ...list })}`;
  atlas.classAddress = name => `#/class/${coded(name)}`;
  atlas.pairAddress = (one, other, list = atlas.listed()) => `#/${coded(one)}/${coded(other)}${query({ ...list, pin: null })}`;

  const pinned = () => atlas.state.page === "pair" ? { pin: atlas.textOf(atlas.state.pin.layer, atlas.state.pin.index) } : {};

  /** A unit's address: beside the pinned one, where there is one; with the list it belongs to. */
  atlas.unitAddress = (text, list = {}) => {
    const pin = pinned().pin ?? atlas.state.list.pin;
    return pin ? atlas.pairAddress(pin, text, list) : `#/${coded(text)}${query(list)}`;
  };

  atlas.go = (address, replace) => {
    if (replace) location.replace(address);
    else location.assign(address);
  };
})();
