/** The progress of all downloads together: the bar at the top and the tab's title. */

import { Bar } from "./bar.js";
import { byId, setText, show } from "./dom.js";
import { bytes, count, duration, fraction, percent, speed } from "./format.js";

export class Summary {
  #bar = new Bar(byId("summary-bar"));

  /** The title also changes in hidden tabs. Nothing else is drawn there. */
  title(overall, state) {
    const { activeCount } = overall;
    const done = wholeFraction(overall);
    const parts = [];
    if (activeCount > 0) parts.push(done === null ? count(activeCount, "download", "downloads") : percent(done));
    if (state === "lost") parts.push("no connection");
    document.title = [...parts, "Downloads"].join(" · ");
  }

  render(overall, batch) {
    const { currentBytes, totalBytes, activeCount, unsizedCount, waitingCount, speed: pace } = overall;
    const done = wholeFraction(overall);
    show(byId("summary"), activeCount > 0);
    if (activeCount === 0) return;
    const left = pace > 0 && done !== null ? `${duration((totalBytes - currentBytes) / pace)} left` : "";
    const facts = [
      count(activeCount, "active download", "active downloads"),
      waitingCount > 0 && waitingCount < activeCount ? `${activeCount - waitingCount} running, ${waitingCount} waiting` : "",
      totalBytes === null ? bytes(currentBytes) : `${bytes(currentBytes)} of ${bytes(totalBytes)}`,
      unsizedCount > 0 && totalBytes !== null ? `${unsizedCount} of a size not known yet` : "",
      speed(pace),
      left,
    ];
    setText(byId("summary-facts"), facts.filter(Boolean).join(" · "));
    this.#bar.set(done, { run: batch, words: left });
    setText(byId("summary-percent"), this.#bar.shown === null ? "" : percent(this.#bar.shown));
  }
}

/** The share of all bytes that is here; null while the size of an active download is unknown. */
function wholeFraction({ currentBytes, totalBytes, unsizedCount }) {
  return unsizedCount > 0 ? null : fraction(currentBytes, totalBytes);
}
