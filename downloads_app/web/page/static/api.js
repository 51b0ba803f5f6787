/** The REST resources that the page uses. Every call renews an expired session by itself. */

import { send } from "./http.js";
import { withRenewal } from "./session.js";

function get(path) {
  return withRenewal(() => send("GET", path));
}

export function getDownload(id) {
  return get(`api/downloads/${encodeURIComponent(id)}`);
}

/** The downloads that changed last, at most 50: what is active or has just ended is among them. */
export function getLatestDownloads() {
  return get("api/downloads?sort=-updated_at&page_size=50");
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
