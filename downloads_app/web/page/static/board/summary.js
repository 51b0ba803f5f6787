/** All downloads together: the line and the bar at the top, and the tab's title. */

import { byId } from "../dom.js";
import { amount, bytes, duration, fraction, percent, speed } from "../format.js";
import { html, render } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { Bar } from "./bar.js";

/** The title changes in hidden tabs too. Nothing else is drawn there. */
export function showTitle(overall, state) {
  const { activeCount } = overall;
  const done = wholeFraction(overall);
  const parts = [];
  if (activeCount > 0) parts.push(done === null ? say("count.downloads", { count: activeCount }) : percent(done));
  if (state === "lost") parts.push(say("board.no_connection"));
  document.title = [...parts, say("app.name")].join(" · ");
}

/** Draw it; `batch` changes when other downloads are counted. `onFailed`: its reader wants to see what failed. */
export function showSummary(overall, batch, onFailed) {
  render(overall.activeCount === 0 ? null : html`<${Summary} overall=${overall} batch=${batch} onFailed=${onFailed} />`, byId("summary"));
}

function Summary({ overall, batch, onFailed }) {
  const { currentBytes, totalBytes, activeCount, unsizedCount, waitingCount, failedCount, speed: pace } = overall;
  const done = wholeFraction(overall);
  const left = pace > 0 && done !== null ? say("amount.left", { time: duration((totalBytes - currentBytes) / pace) }) : "";
  const running = activeCount - waitingCount;
  const facts = [
    say("board.running", { count: running }),
    waitingCount > 0 && say("board.waits", { count: waitingCount }),
    unsizedCount > 0 ? say("board.unsized", { count: unsizedCount }) : amount(currentBytes, totalBytes),
    unsizedCount > 0 && currentBytes > 0 && say("board.here", { size: bytes(currentBytes) }),
    running > 0 && speed(pace),
    left,
  ];
  return html`<section id="summary-all" aria-label=${say("board.all_together")}>
    <p id="summary-line">${done !== null && html`<strong id="summary-percent">${percent(done)}</strong>`} <span id="summary-facts">${facts.filter(Boolean).join(" · ")}</span>
      ${failedCount > 0 && html`<button type="button" id="summary-failed" onClick=${onFailed}>${say("board.some_failed", { count: failedCount })}</button>`}</p>
    <${Bar} id="summary-bar" fraction=${done} isStill=${running === 0} run=${batch} words=${left} label=${say("board.overall")} /></section>`;
}

/** The share of all bytes that is here; null while the size of an active download is unknown. */
function wholeFraction({ currentBytes, totalBytes, unsizedCount }) {
  return unsizedCount > 0 ? null : fraction(currentBytes, totalBytes);
}
