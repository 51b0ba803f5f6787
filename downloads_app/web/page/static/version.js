/** Notices that the server has a newer page than this one, and offers to load it. */

import { byId } from "./dom.js";
import { send } from "./http.js";
import { html, render } from "./vendor/preact/preact-htm.js";
import { say } from "./words.js";

const CHECKED_EVERY_MILLISECONDS = 15 * 60_000;
const own = document.documentElement.dataset.version;
let checkedAt = Date.now();

/** Ask which page the server has now. Called when the server was away: then it may have been upgraded. */
export async function checkVersion() {
  checkedAt = Date.now();
  const answer = await send("GET", "page-version").catch(() => null);
  if (answer && answer.version !== own) {
    render(html`<p class="notice news" role="status">${say("version.newer")}
      <button type="button" onClick=${() => location.reload()}>${say("version.reload")}</button></p>`, byId("news"));
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && Date.now() - checkedAt > CHECKED_EVERY_MILLISECONDS) checkVersion();
});
