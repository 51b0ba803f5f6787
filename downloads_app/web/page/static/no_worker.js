/** Says that no worker lives, while downloads wait, or run without a word from their worker: then they would wait for ever. */

import { announce } from "./announcer.js";
import { isWorkerAlive } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { say } from "./words.js";

const PATIENCE_MILLISECONDS = 10_000; // a worker that lives takes what is due sooner
const EVERY_MILLISECONDS = 30_000;

export class NoWorkerNotice {
  #isStuck = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #abort = new AbortController();
  /** @type {number | undefined} */
  #timer;

  constructor() {
    const options = { signal: this.#abort.signal };
    addEventListener("view-changed", () => document.body.dataset.view === "waiting" && this.#plan(0), options);
    document.addEventListener("visibilitychange", () => this.#plan(0), options);
  }

  /** Take how many downloads are active, how many of these wait, and of how many nothing has been heard. */
  note({ activeCount, waitingCount, silentCount }) {
    const isStuck = activeCount > 0 && waitingCount + silentCount === activeCount;
    if (isStuck === this.#isStuck) return;
    this.#isStuck = isStuck;
    if (!isStuck) this.#show(false);
    this.#plan(document.body.dataset.view === "waiting" ? 0 : PATIENCE_MILLISECONDS);
  }

  stop() {
    this.#abort.abort();
    this.note({ activeCount: 0, waitingCount: 0, silentCount: 0 });
  }

  #plan(milliseconds) {
    clearTimeout(this.#timer);
    if (!this.#isStuck || document.hidden) return;
    const soonest = this.#askedAt + EVERY_MILLISECONDS - Date.now();
    this.#timer = setTimeout(() => this.#ask(), Math.max(milliseconds, soonest));
  }

  async #ask() {
    this.#askedAt = Date.now();
    const isAlive = await isWorkerAlive().catch(() => null); // null: what is shown stays until the server answers
    if (this.#isStuck && isAlive !== null) this.#show(!isAlive);
    this.#plan(0);
  }

  #show(isMissing) {
    const place = byId("no-worker");
    if (isMissing && place.hidden) announce(say("board.no_worker"));
    setText(place, isMissing ? say("board.no_worker") : "");
    show(place, isMissing);
  }
}
