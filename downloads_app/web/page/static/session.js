/** The session: sign in, renew, sign out. All tabs of the browser are told. */

import { HttpError, readCsrf, send } from "./http.js";
import { say } from "./words.js";

const SESSION_LOCK = "downloads-session-renewal";
const news = "BroadcastChannel" in globalThis ? new BroadcastChannel("downloads-session") : null;

/** Call `listener` when another tab has signed in or out. */
export function onChangeElsewhere(listener) {
  news?.addEventListener("message", listener);
}

export async function signIn(username, password) {
  const before = readCsrf("access");
  await send("POST", "api/auth/login", { body: { username, password, cookies: true } });
  const after = readCsrf("access");
  if (after === null || after === before) throw new HttpError(0, explainLostCookies());
  news?.postMessage("changed");
}

/** The password was right, but the browser has not stored the cookies. */
function explainLostCookies() {
  const remedy = location.protocol === "https:"
    ? say("sign_in.allow_cookies")
    : say("sign_in.needs_https");
  return say("sign_in.lost_cookies", { remedy });
}

/** Change the user's own password. This ends every session, so sign in again. */
export async function changePassword(username, current, chosen) {
  const body = { current_password: current, new_password: chosen };
  await withRenewal(() => send("GET", "api/auth/me")); // the tokens are fresh: nothing renews them while we hold the lock
  await exclusively(SESSION_LOCK, async () => {
    await send("PUT", "api/auth/password", { body });
    await signIn(username, chosen);
  });
}

export async function signOut() {
  await renewing(() => send("POST", "api/auth/logout")).catch((error) => {
    if (error.status !== 401) throw error; // the session is already over
  });
  news?.postMessage("changed");
}

/** The signed-in user, or null. */
export async function currentUser() {
  if (!hasCookies()) await exclusively(SESSION_LOCK, () => {}); // a change of password has none for a moment
  if (!hasCookies()) return null;
  try {
    return await renewing(() => send("GET", "api/auth/me"));
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

function hasCookies() {
  return readCsrf("access") !== null || readCsrf("refresh") !== null;
}

/** Call `listener` when the server has said that nobody is signed in here any more. */
export function onSessionEnd(listener) {
  addEventListener("session-ended", listener);
  return () => removeEventListener("session-ended", listener);
}

/** Run a signed-in user's request. If the answer is 401, renew the session once and run it again. */
export async function withRenewal(request) {
  try {
    return await renewing(request);
  } catch (error) {
    if (error.status === 401) dispatchEvent(new Event("session-ended"));
    throw error;
  }
}

async function renewing(request) {
  const before = readCsrf("access");
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 401) throw error;
    await exclusively(SESSION_LOCK, () => renew(before));
    return request();
  }
}

/** Renew the session. A refresh token works only once, so only the first of several tabs may use it. */
async function renew(before) {
  if (readCsrf("access") !== before) return; // another tab has renewed it
  await send("POST", "api/auth/refresh", { csrf: "refresh" });
}

let queue = Promise.resolve();

function exclusively(name, work) {
  if (navigator.locks) return navigator.locks.request(name, work);
  const turn = queue.then(work); // without Web Locks (no secure context) we use a queue in this tab
  queue = turn.catch(() => {});
  return turn;
}
