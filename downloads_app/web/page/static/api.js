/** The REST resources that the page uses. Every call renews an expired session. */

import { address, send, sendForPage, sendRemoval } from "./http.js";
import { withRenewal } from "./session.js";

/**
 * @param {string} method
 * @param {string} path below `api/`
 * @param {unknown} [body]
 */
export function call(method, path, body) {
  return withRenewal(() => send(method, `api/${path}`, { body }));
}

/** The path of one row; its id may come from the address, so it is not trusted to be one. */
export function row(collection, id, rest = "") {
  return `${collection}/${encodeURIComponent(id)}${rest}`;
}

/** A download's speed over its whole time: `{ spacing_seconds, points }`. */
export function getSpeeds(id) {
  return call("GET", row("downloads", id, "/speeds"));
}

export function getDownload(id) {
  return call("GET", row("downloads", id));
}

/** The downloads that changed last, at most 50. Active ones, and those that have just ended, are among them. */
export function getLatestDownloads() {
  return call("GET", "downloads?sort=-updated_at&page_size=50");
}

const LARGEST_PAGE = "100";
const PAGES_AT_MOST = 10; // of what is read to its end

/** All active downloads, oldest first, as the stream lists them. */
export async function getActiveDownloads(signal) {
  return (await getPages("downloads", { status: "active", sort: "created_at" }, PAGES_AT_MOST, signal)).rows;
}

/** What the files of these downloads take, and what removing them would free: `{ bytes, freed_bytes, staying_downloads }`. At most 100. */
export function getSpace(ids) {
  return call("GET", `downloads/space?${new URLSearchParams(ids.map((id) => ["id", id]))}`);
}

/** `action`: pause, resume, cancel or retry. */
export function changeDownload(id, action) {
  return call("POST", row("downloads", id, `/${action}`));
}

/** The rows of `collection` (providers, repositories, users) with one of `ids`; at most 50 at once. */
export function getByIds(collection, ids) {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  query.set("page_size", String(ids.length));
  return call("GET", `${collection}?${query}`);
}

/** A page of `collection`, and the cursor of the next one (null at the end). */
export function getPage(collection, query, cursor = null, signal = undefined) {
  const asked = new URLSearchParams(query);
  if (cursor !== null) asked.set("cursor", cursor);
  return withRenewal(() => sendForPage(`api/${collection}?${asked}`, signal));
}

/** The rows of the first `count` pages of `collection`, each as large as can be, and the cursor of the next one (null at the end). */
export async function getPages(collection, query, count, signal = undefined) {
  const rows = [];
  let next = null;
  let left = count;
  do {
    const page = await getPage(collection, { ...query, page_size: LARGEST_PAGE }, next, signal);
    rows.push(...page.rows);
    next = page.next;
    left -= 1;
  } while (next !== null && left > 0);
  return { rows, next };
}

/** Whether a worker spoke lately; who is signed in does not matter. */
export async function isWorkerAlive() {
  return (await send("GET", "readyz")).worker_alive;
}

export async function getProviders() {
  return (await getPages("providers", {}, PAGES_AT_MOST)).rows;
}

/** The id of the provider of a user's latest download; null if there is none, or it cannot be told now. */
export async function getLatestProvider(userId) {
  const { rows } = await getPage("downloads", { user_id: userId, sort: "-created_at", page_size: 1 }).catch(() => ({ rows: [] }));
  return rows[0]?.provider_id ?? null;
}

/** All users, for an admin. */
export async function getUsers() {
  return (await getPages("users", {}, PAGES_AT_MOST)).rows;
}

export function searchProvider(id, text) {
  return call("GET", row("providers", id, `/search?${new URLSearchParams({ q: text })}`));
}

/** `wanted`: provider_id, repository, revision, include, exclude. */
export function makePlan(wanted) {
  return call("POST", "downloads/plan", wanted);
}

export function addDownload(wanted) {
  return call("POST", "downloads", wanted);
}

/** Resolves to whether its files stay, though they were to go with it: another download has the same folder. */
export function deleteDownload(id, withFiles) {
  return withRenewal(() => sendRemoval(`api/${row("downloads", id, `?files=${withFiles}`)}`));
}

export function setPriority(id, priority) {
  return call("PATCH", row("downloads", id), { priority });
}

/** The address of a file of a download. */
export function fileAddress(id, path) {
  return address(`api/${row("downloads", id, `/files/${path.split("/").map(encodeURIComponent).join("/")}`)}`);
}
