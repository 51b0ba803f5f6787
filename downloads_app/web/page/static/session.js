/** Who is signed in: sign in, renew, sign out; all tabs of the browser learn of it. */

import { HttpError, readCookie, send } from "./http.js";

const news = "BroadcastChannel" in globalThis ? new BroadcastChannel("downloads-session") : null;

/** Call `listener` when another tab has signed in or out. */
export function onChangeElsewhere(listener) {
  news?.addEventListener("message", listener);
}

export async function signIn(username, password) {
  await send("POST", "api/auth/login", { body: { username, password, cookies: true } });
  news?.postMessage("changed");
}

export async function signOut() {
  await withRenewal(() => send("POST", "api/auth/logout")).catch((error) => {
    if (error.status !== 401) throw error; // already over
  });
  news?.postMessage("changed");
}

/** The signed-in user, or null. */
export async function currentUser() {
  if (!readCookie("csrf_access_token") && !readCookie("csrf_refresh_token")) return null;
  try {
    return await withRenewal(() => send("GET", "api/auth/me"));
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

/** Run a request; where it answers 401, renew the session once and run it again. */
export async function withRenewal(request) {
  const before = readCookie("csrf_access_token");
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 401) throw error;
    await exclusively("downloads-session-renewal", () => renew(before));
    return request();
  }
}

/** A refresh token serves once, so that of several tabs only the first may use it. */
async function renew(before) {
  if (readCookie("csrf_access_token") !== before) return; // another tab was quicker
  await send("POST", "api/auth/refresh", { csrfCookie: "csrf_refresh_token" });
}

let queue = Promise.resolve();

function exclusively(name, work) {
  if (navigator.locks) return navigator.locks.request(name, work);
  const turn = queue.then(work); // Web Locks need a secure context; within this tab a queue does it
  queue = turn.catch(() => {});
  return turn;
}
