/** The progress of all downloads together: the bar at the top and the tab's title. */

import { Bar } from "./bar.js";
import { byId, setText, show } from "./dom.js";
import { amount, duration, fraction, percent, speed } from "./format.js";
import { say } from "./words.js";

export class Summary {
  #bar = new Bar(byId("summary-bar"));

  /** The title also changes in hidden tabs. Nothing else is drawn there. */
  title(overall, state) {
    const { activeCount } = overall;
    const done = wholeFraction(overall);
    const parts = [];
    if (activeCount > 0) parts.push(done === null ? say("count.downloads", { count: activeCount }) : percent(done));
    if (state === "lost") parts.push(say("board.no_connection"));
    document.title = [...parts, say("app.name")].join(" · ");
  }

  render(overall, batch) {
    const { currentBytes, totalBytes, activeCount, unsizedCount, waitingCount, speed: pace } = overall;
    const done = wholeFraction(overall);
    show(byId("summary"), activeCount > 0);
    if (activeCount === 0) return;
    const left = pace > 0 && done !== null ? say("amount.left", { time: duration((totalBytes - currentBytes) / pace) }) : "";
    const facts = [
      say("count.active_downloads", { count: activeCount }),
      waitingCount > 0 && waitingCount < activeCount ? say("board.running_waiting", { running: activeCount - waitingCount, waiting: waitingCount }) : "",
      amount(currentBytes, totalBytes),
      unsizedCount > 0 && totalBytes !== null ? say("board.unsized", { count: unsizedCount }) : "",
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
