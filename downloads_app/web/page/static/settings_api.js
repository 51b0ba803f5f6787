/** The REST resources of one's account and of its admins. Every call renews an expired session. */

import { call, row } from "./api.js";

/** The query that names somebody else, for an admin; "" for one's own. */
function owner(userId) {
  return userId ? `?${new URLSearchParams({ user_id: userId })}` : "";
}

export const getUsage = (userId) => call("GET", `usage${owner(userId)}`);
export const endSignIn = (id) => call("DELETE", row("auth/sessions", id));
export const endOtherSignIns = (userId) => call("DELETE", `auth/sessions${owner(userId)}`);

/** `wanted`: name, scopes, expires_at. The answer has the `key`, this once. */
export const createKey = (wanted) => call("POST", "keys", wanted);
export const revokeKey = (id) => call("DELETE", row("keys", id));

export const getUser = (id) => call("GET", row("users", id));
export const createUser = (wanted) => call("POST", "users", wanted);
export const changeUser = (id, changes) => call("PATCH", row("users", id), changes);
export const deleteUser = (id, withFiles) => call("DELETE", row("users", id, `?files=${withFiles}`));

export const getProvider = (id) => call("GET", row("providers", id));
export const addProvider = (wanted) => call("POST", "providers", wanted);
export const changeProvider = (id, changes) => call("PATCH", row("providers", id), changes);
export const removeProvider = (id) => call("DELETE", row("providers", id));

/** Ask a provider whether it answers, as it would be with `changes`; nothing is saved. `id` is null for a new one. */
export const testProvider = (id, changes) => call("POST", id ? row("providers", id, "/test") : "providers/test", changes);

export const getQueue = () => call("GET", "queue");
export const pauseQueue = (paused) => call("PATCH", "queue", { paused });
export const getLimits = () => call("GET", "limits");
