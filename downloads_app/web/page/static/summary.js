/** Everything together: the bar at the top and the tab's title. */

import { Bar } from "./bar.js";
import { byId, setText, show } from "./dom.js";
import { bytes, count, duration, fraction, percent, speed } from "./format.js";

export class Summary {
  #bar = new Bar(byId("summary-bar"));

  /** The title changes in hidden tabs too, where nothing is drawn. */
  title({ currentBytes, totalBytes, activeCount }, state) {
    const done = fraction(currentBytes, totalBytes);
    const parts = [];
    if (activeCount > 0) parts.push(done === null ? count(activeCount, "download", "downloads") : percent(done));
    if (state === "lost") parts.push("no connection");
    document.title = [...parts, "Downloads"].join(" · ");
  }

  render(overall, batch) {
    const { currentBytes, totalBytes, activeCount, speed: pace } = overall;
    const done = fraction(currentBytes, totalBytes);
    show(byId("summary"), activeCount > 0);
    if (activeCount === 0) return;
    const left = pace > 0 && totalBytes !== null ? `${duration((totalBytes - currentBytes) / pace)} left` : "";
    const facts = [
      count(activeCount, "active download", "active downloads"),
      totalBytes === null ? bytes(currentBytes) : `${bytes(currentBytes)} of ${bytes(totalBytes)}`,
      speed(pace),
      left,
    ];
    setText(byId("summary-facts"), facts.filter(Boolean).join(" · "));
    this.#bar.set(done, { run: batch, words: left });
    setText(byId("summary-percent"), this.#bar.shown === null ? "" : percent(this.#bar.shown));
  }
}
