/** The REST resources of one's account and of its admins. Every call renews an expired session. */

import { send } from "./http.js";
import { withRenewal } from "./session.js";

/**
 * @param {string} method
 * @param {string} path below `api/`
 * @param {unknown} [body]
 */
function ask(method, path, body) {
  return withRenewal(() => send(method, `api/${path}`, { body }));
}

/** The path of one row; its id comes from the address, so it is not trusted to be one. */
function row(collection, id, rest = "") {
  return `${collection}/${encodeURIComponent(id)}${rest}`;
}

/** The query that names somebody else, for an admin; "" for one's own. */
function owner(userId) {
  return userId ? `?${new URLSearchParams({ user_id: userId })}` : "";
}

export const getUsage = (userId) => ask("GET", `usage${owner(userId)}`);
export const endSignIn = (id) => ask("DELETE", row("auth/sessions", id));
export const endOtherSignIns = (userId) => ask("DELETE", `auth/sessions${owner(userId)}`);

/** `wanted`: name, scopes, expires_at. The answer has the `key`, this once. */
export const createKey = (wanted) => ask("POST", "keys", wanted);
export const revokeKey = (id) => ask("DELETE", row("keys", id));

export const getUser = (id) => ask("GET", row("users", id));
export const createUser = (wanted) => ask("POST", "users", wanted);
export const changeUser = (id, changes) => ask("PATCH", row("users", id), changes);
export const deleteUser = (id, withFiles) => ask("DELETE", row("users", id, `?files=${withFiles}`));

export const getProvider = (id) => ask("GET", row("providers", id));
export const addProvider = (wanted) => ask("POST", "providers", wanted);
export const changeProvider = (id, changes) => ask("PATCH", row("providers", id), changes);
export const removeProvider = (id) => ask("DELETE", row("providers", id));

/** Ask a provider whether it answers, as it would be with `changes`; nothing is saved. `id` is null for a new one. */
export const testProvider = (id, changes) => ask("POST", id ? row("providers", id, "/test") : "providers/test", changes);

export const getQueue = () => ask("GET", "queue");
export const pauseQueue = (paused) => ask("PATCH", "queue", { paused });
export const getLimits = () => ask("GET", "limits");
