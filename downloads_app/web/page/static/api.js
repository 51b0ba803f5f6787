/** The REST resources that the page uses. Every call renews an expired session. */

import { address, send, sendForPage } from "./http.js";
import { withRenewal } from "./session.js";

function get(path) {
  return withRenewal(() => send("GET", path));
}

/** A download's speed over its whole time: `{ spacing_seconds, points }`. */
export function getSpeeds(id) {
  return get(`api/downloads/${encodeURIComponent(id)}/speeds`);
}

export function getDownload(id) {
  return get(`api/downloads/${encodeURIComponent(id)}`);
}

/** The downloads that changed last, at most 50. Active ones, and those that have just ended, are among them. */
export function getLatestDownloads() {
  return get("api/downloads?sort=-updated_at&page_size=50");
}

const LARGEST_PAGE = "100";
const ACTIVE_PAGES_AT_MOST = 10;

/** All active downloads, oldest first, as the stream lists them. */
export async function getActiveDownloads(signal) {
  return (await getPages("downloads", { status: "active", sort: "created_at" }, ACTIVE_PAGES_AT_MOST, signal)).rows;
}

/** What the files of these downloads take, and what removing them would free: `{ bytes, freed_bytes }`. At most 100. */
export function getSpace(ids) {
  return get(`api/downloads/space?${new URLSearchParams(ids.map((id) => ["id", id]))}`);
}

/** `action`: pause, resume, cancel or retry. */
export function changeDownload(id, action) {
  return withRenewal(() => send("POST", `api/downloads/${encodeURIComponent(id)}/${action}`));
}

/** The rows of `collection` (providers, repositories, users) with one of `ids`; at most 50 at once. */
export function getByIds(collection, ids) {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  query.set("page_size", String(ids.length));
  return get(`api/${collection}?${query}`);
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

export function getProviders() {
  return get("api/providers?page_size=100");
}

export function searchProvider(id, text) {
  return get(`api/providers/${encodeURIComponent(id)}/search?${new URLSearchParams({ q: text })}`);
}

/** `wanted`: provider_id, repository, revision, include, exclude. */
export function makePlan(wanted) {
  return withRenewal(() => send("POST", "api/downloads/plan", { body: wanted }));
}

export function addDownload(wanted) {
  return withRenewal(() => send("POST", "api/downloads", { body: wanted }));
}

export function deleteDownload(id, withFiles) {
  return withRenewal(() => send("DELETE", `api/downloads/${encodeURIComponent(id)}?files=${withFiles}`));
}

export function setPriority(id, priority) {
  return withRenewal(() => send("PATCH", `api/downloads/${encodeURIComponent(id)}`, { body: { priority } }));
}

/** The address of a file of a download. */
export function fileAddress(id, path) {
  return address(`api/downloads/${encodeURIComponent(id)}/files/${path.split("/").map(encodeURIComponent).join("/")}`);
}
