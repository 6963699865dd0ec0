// The rooms that make a picture: what each takes besides its settings, and which settings stand first.
// units: the setting that holds units, and the way they are written: with weights, each by itself or as a sum.

export const MAKING = {
  dream: {
    kind: "dream",
    title: "Dream",
    verb: "Dream",
    photo: true,
    mask: true,
    film: true,
    lead: "Choose layers by looking, drop a photo, watch it change.",
    empty: "A layer of the network draws what it sees into your photo.",
    units: { name: "layers", way: "weights" },
    first: ["strength", "octaves", "size", "steps", "preset", "seed"],
  },
  feature: {
    kind: "feature",
    title: "Feature",
    verb: "Make it",
    film: true,
    lead: "A picture that excites a unit, from noise.",
    units: { name: "units", way: "sum" },
    first: ["size", "steps", "diversity", "preset", "seed"],
  },
  style: {
    kind: "style",
    title: "Style",
    verb: "Paint",
    photo: true,
    film: true,
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
    film: true,
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
    film: true,
    lead: "A change that you hardly see, and the network takes it for something else.",
    empty: "A change that you hardly see makes the network take it for something else.",
    first: ["target", "method", "norm", "radius", "smallest", "steps", "size", "seed"],
  },
};

export const EXPLAIN = { kind: "explain", photo: true };

/** Rooms whose forms a work's settings can be put back into. */
export const FORMS = { ...MAKING, explain: EXPLAIN };
