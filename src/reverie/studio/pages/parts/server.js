// What the server is asked and told. A refusal is an Error whose message is the server's own sentence.

let token = "";

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw Object.assign(new Error(body.error || `The studio answered with status ${response.status}.`), {
      busy: response.status === 503,
    });
  }
  return body;
}

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer; is it still running in its terminal?");
  }
}

/** Everything that there is: network, kinds of jobs, limits. Also keeps the token that writes need. */
export async function studio() {
  const found = await answer(await reached("/api/studio"));
  token = found.token;
  return found;
}

export const get = async (path, signal) => answer(await reached(path, { signal }));

export const post = async (path, body = {}, signal) =>
  answer(
    await reached(path, {
      method: "POST",
      signal,
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-Reverie-Token": token },
    }),
  );

export const remove = async path =>
  answer(
    await reached(path, {
      method: "DELETE",
      headers: { "X-Reverie-Token": token },
    }),
  );

/** Sends a picture's bytes; gives its id and size. */
export const upload = async blob =>
  answer(
    await reached("/api/pictures", {
      method: "POST",
      body: blob,
      headers: { "X-Reverie-Token": token },
    }),
  );

export const picture = name => `/api/pictures/${encodeURI(name)}`;
export const whole = name => `${picture(name)}?full`;
export const unitPicture = (layer, channel, asked = "") =>
  `/api/units/${encodeURIComponent(layer)}/${channel}.webp${asked && `?${asked}`}`;
export const work = (id, what = "picture") => `/api/works/${id}/${what}`;
