/** Finds the view of the address. Links in the page, and back and forward, change the view without a reload. */

import { address } from "./http.js";

const VIEWS = new Set(["add", "waiting", "history", "downloads", "account", "admin"]);
const listeners = new Set();

/**
 * @typedef {{ view: string, id: string | null, parts: string[], query: URLSearchParams }} Route
 * `view` is "active" for an unknown address. `parts` are the address's further segments, `id` is the first of them.
 */

/**
 * Return the route of the current address.
 * @returns {Route}
 */
export function currentRoute() {
  const path = location.pathname.slice(new URL(address(""), location.href).pathname.length);
  const [view, ...parts] = path.split("/");
  return { view: VIEWS.has(view) ? view : "active", id: parts[0] ?? null, parts, query: new URLSearchParams(location.search) };
}

/**
 * Go to another view.
 * @param {string} path relative to the page's own root
 */
export function go(path) {
  history.pushState(null, "", address(path));
  tell();
}

/**
 * Change the address to what the view shows, without a new entry in the browser's history.
 * @param {string} path relative to the page's own root
 */
export function rewrite(path) {
  history.replaceState(null, "", address(path));
}

/**
 * Call `listener` at each change of view. Returns a function that ends this.
 * @param {(route: Route) => void} listener
 */
export function onRoute(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener(currentRoute());
}

addEventListener("popstate", tell);
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-inside]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  tell();
});
