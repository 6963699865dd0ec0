// What a room's form holds, and how it becomes a job.

import { get } from "./server.js";
import { useEffect, useState } from "./draw.js";
import { kept, mask, photo, tried } from "./store.js";

const EMPTY = { settings: {}, units: [], together: false, pictures: {}, film: "" };
const forms = new Map();
const schemas = new Map();

/** The form of a kind of job, kept over reloads. */
export function form(kind) {
  if (!forms.has(kind)) forms.set(kind, kept(`form.${kind}`, EMPTY));
  return forms.get(kind);
}

/** The schema of a kind's settings; null until it is here. */
export function useSchema(kind) {
  const [found, setFound] = useState(schemas.get(kind) || null);
  useEffect(() => {
    let gone = false;
    setFound(schemas.get(kind) || null);
    tried(async () => {
      if (!schemas.has(kind)) schemas.set(kind, await get(`/api/forms/${kind}`));
      if (!gone) setFound(schemas.get(kind));
    });
    return () => {
      gone = true;
    };
  }, [kind]);
  return found;
}

const signed = (weight, first) => (weight < 0 ? (first ? "-" : " - ") : first ? "" : " + ");
const sum = units =>
  units
    .map(
      ({ unit, weight }, index) =>
        `${signed(weight, !index)}${Math.abs(weight) === 1 ? "" : `${Math.abs(weight)}*`}${unit}`,
    )
    .join("");

/** Texts of units as the settings take them: with weights, as one sum, or each by itself. */
export function texts(units, way, together) {
  if (way === "weights") return units.map(({ unit, weight }) => (weight === 1 ? unit : `${unit}=${weight}`));
  if (way === "sum" && together && units.length > 1) return [sum(units)];
  if (way === "one") return units.length ? units[units.length - 1].unit : "";
  return units.map(({ unit }) => unit);
}

const present = table =>
  Object.fromEntries(
    Object.entries(table).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  );

/** A job of a room's form, as the server takes it. */
export function job(room, own, picture = photo.get(), painted = mask.get()) {
  const units = room.units ? { [room.units.name]: texts(own.units, room.units.way, own.together) } : {};
  const settings = { ...own.settings, ...(units[room.units?.name]?.length ? units : {}) };
  const pictures = { ...own.pictures };
  if (room.photo && picture) pictures.photo = picture.pic;
  if (room.mask && painted && painted.of === picture?.pic) pictures.mask = painted.pic;
  return { kind: room.kind, settings: present(settings), pictures: present(pictures), film: own.film || "" };
}

const weighted = text => {
  const [, unit, weight] = /^(.*?)(?:=(-?[\d.e+-]+))?$/.exec(String(text));
  return { unit, weight: weight === undefined ? 1 : Number(weight) };
};

/** Puts a work's settings back into its room's form. */
export function fork(room, made) {
  const { [room.units?.name]: units, ...settings } = made.settings;
  const { photo: _, mask: __, ...pictures } = made.pictures || {};
  const list = units === undefined || units === null ? [] : Array.isArray(units) ? units : [units];
  form(room.kind).set({ ...EMPTY, settings, pictures: present(pictures), units: list.map(weighted) });
}
