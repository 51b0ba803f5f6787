/** Sends one request to our own server, with the CSRF header. Throws errors. Knows no session. */

import { say } from "./words.js";

const OUTAGES = new Set([0, 502, 503, 504]); // a proxy says 502 and 504, in the server's place
const root = document.documentElement.dataset.root;

export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {number | null} retryAfterSeconds
   * @param {Record<string, any>} details the server's own `errors`
   */
  constructor(status, message, retryAfterSeconds = null, details = {}) {
    super(message);
    this.status = status; // 0: no answer at all
    this.retryAfterSeconds = retryAfterSeconds;
    this.details = details;
  }

  /** The server is away, or what it needs is: later the same request may well have another answer. */
  get isOutage() {
    return OUTAGES.has(this.status);
  }
}

export function address(path) {
  return root + path;
}

/**
 * The value to send back in the header X-CSRF-TOKEN, or null. Secure cookies have a prefix (web/cookies.py chooses in
 * the same way); those of plain HTTP on loopback, and of earlier versions, have none.
 * @param {"access" | "refresh"} kind
 */
export function readCsrf(kind) {
  const name = `csrf_${kind}_token`;
  return readCookie((root === "/" ? "__Host-" : "__Secure-") + name) ?? readCookie(name);
}

function readCookie(name) {
  const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : null;
}

/**
 * Send a request. Return the JSON answer, or null if there is none. Throws HttpError.
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, csrf?: "access" | "refresh" }} [options]
 * @returns {Promise<any>}
 */
export async function send(method, path, options) {
  return (await exchange(method, path, options)).answer;
}

/**
 * Return the rows of one page of a list, and the cursor of the next page (null at the end). Throws HttpError.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ rows: any[], next: string | null, total: number }>}
 */
export async function sendForPage(path, signal = undefined) {
  const { answer, response } = await exchange("GET", path, { signal });
  const told = JSON.parse(response.headers.get("X-Pagination") ?? "{}");
  return { rows: answer, next: told.next_cursor ?? null, total: told.total ?? answer.length };
}

/**
 * Have a download removed. Return whether its files stay, though they were to go with it. Throws HttpError.
 * @param {string} path
 */
export async function sendRemoval(path) {
  const { response } = await exchange("DELETE", path);
  return response.headers.get("X-Files-Stay") === "true";
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, csrf?: "access" | "refresh", signal?: AbortSignal }} [options]
 * @returns {Promise<{ answer: any, response: Response }>}
 */
async function exchange(method, path, { body, csrf = "access", signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const proof = method === "GET" ? null : readCsrf(csrf);
  if (proof) headers["X-CSRF-TOKEN"] = proof;
  let response;
  try {
    response = await fetch(address(path), {
      method, headers, cache: "no-store", signal, body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new HttpError(0, say("server.unreachable"));
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return { answer, response };
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  throw new HttpError(response.status, answer?.message ?? say("server.answered", { status: response.status }),
                      Number.isNaN(wait) ? null : wait, answer?.errors ?? {});
}
