// The rooms that make a picture: what each takes besides its settings, and which settings stand first.
// units: the setting that holds units, and the way they are written: with weights, each by itself, as a sum, or one alone.
// within: the room in which it is one of several ways; word: what it is called among them.

import { to } from "../parts/address.js";

export const MAKING = {
  dream: {
    kind: "dream",
    title: "Dream",
    word: "Amplify",
    verb: "Dream",
    photo: true,
    mask: true,
    lead: "Choose layers by looking, drop a photo, watch it change.",
    empty: "A layer of the network draws what it sees into your photo.",
    units: { name: "layers", way: "weights" },
    first: ["strength", "octaves", "size", "steps", "preset", "seed"],
  },
  feature: {
    kind: "feature",
    title: "Feature",
    word: "From noise",
    verb: "Make it",
    lead: "A picture that excites a unit, from noise.",
    units: { name: "units", way: "sum", needed: true },
    first: ["size", "steps", "diversity", "preset", "seed"],
  },
  style: {
    kind: "style",
    title: "Style",
    verb: "Paint",
    photo: true,
    lead: "Your photo's shapes in the strokes of a painting.",
    empty: "First the photo; the painting whose strokes it takes is chosen at the side.",
    units: { name: "layers", way: "weights" },
    folded: true,
    needs: ["styles"],
    first: ["styles", "content", "style_scale", "colors", "octaves", "steps", "size", "seed"],
  },
  invert: {
    kind: "invert",
    title: "Invert",
    verb: "Rebuild",
    photo: true,
    lead: "Your photo, rebuilt from what a layer kept of it.",
    empty: "What a layer has lost of it, it did not see.",
    units: { name: "layers", way: "each" },
    first: ["all", "steps", "restarts", "size", "seed"],
  },
  fool: {
    kind: "fool",
    title: "Fool",
    verb: "Fool it",
    verdict: true,
    photo: true,
    lead: "A change that you hardly see, and the network takes it for something else.",
    empty: "A change that you hardly see makes the network take it for something else.",
    first: ["target", "method", "norm", "radius", "smallest", "steps", "size", "seed"],
  },
  accentuate: {
    kind: "accentuate",
    within: "dream",
    title: "Accentuate",
    word: "Raise a unit",
    verb: "Raise it",
    photo: true,
    mask: true,
    lead: "Raises units while an early layer holds on to the photo: what in it they look for.",
    empty: "What in your photo does a unit look for?",
    units: { name: "unit", way: "each", needed: true },
    first: ["hold", "negative", "steps", "size", "seed"],
  },
  caricature: {
    kind: "caricature",
    within: "dream",
    title: "Caricature",
    word: "Exaggerate",
    verb: "Exaggerate",
    photo: true,
    lead: "A new picture, from noise, that has what layers see in the photo, exaggerated.",
    empty: "What do layers see in your photo?",
    units: { name: "layers", way: "each" },
    first: ["steps", "size", "toward", "seed"],
  },
  interpolate: {
    kind: "interpolate",
    within: "feature",
    title: "Interpolate",
    word: "From unit to unit",
    verb: "Make it",
    lead: "A strip of pictures from one unit to another.",
    units: { name: "through", way: "each", needed: 2 },
    first: ["between", "steps", "size", "seed"],
  },
  grow: {
    kind: "grow",
    within: "feature",
    title: "Grow",
    word: "Neuron by neuron",
    verb: "Grow it",
    lead: "A feature map, neuron by neuron: watch how its picture comes together.",
    units: { name: "unit", way: "one", needed: true },
    first: ["steps", "size", "seed"],
  },
};

/** The address at which a kind of job is asked for. */
export const placeOf = (kind, asked = {}) => {
  const { within } = MAKING[kind] || {};
  return within ? to(within, { way: kind, ...asked }) : to(kind, asked);
};

/** The ways of a room, its own first. */
export const waysOf = room => Object.values(MAKING).filter(each => (each.within || each.kind) === room);

export const EXPLAIN = { kind: "explain", photo: true };

/** Rooms whose forms a work's settings can be put back into. */
export const FORMS = { ...MAKING, explain: EXPLAIN };
