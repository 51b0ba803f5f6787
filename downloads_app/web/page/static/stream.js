/**
 * The live stream through the browser's own EventSource, kept open.
 *
 * Says `{kind: "update", downloads}`, `{kind: "latest", downloads}` (while idle: what changed last, also what
 * began and ended between two looks) and `{kind: "state", state, detail}`; states: connecting, live, idle
 * (nothing active, closed until `look` finds something), trouble (the server tells of an error), lost, signed-out.
 */

const SLOWEST_RETRY_SECONDS = 30;
const LOOKS_BEFORE_OPENING = 6; // the stream has the last word on whether something is active
const BROWSER_RETRY_SECONDS = 60; // the browser reconnects by itself and keeps to the server's `retry:`

export class LiveStream {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {number | null} */
  #timer = null;
  #failures = 0;
  #looks = 0;
  #stopped = false;

  /**
   * `checkSession` resolves to whether somebody is signed in, and rejects where the server is away;
   * `fetchLatest` resolves to the downloads that changed last.
   */
  constructor({ url, intervalSeconds, checkSession, fetchLatest, say }) {
    this.url = url;
    this.fetchLatest = fetchLatest;
    this.silenceSeconds = Math.max(3 * intervalSeconds, intervalSeconds + 6);
    this.checkSession = checkSession;
    this.say = say;
  }

  start() {
    this.#state("connecting");
    this.#open();
  }

  /** Look whether something is active now; does nothing while the stream is open. */
  async look() {
    if (!this.#isIdle()) return;
    this.#looks += 1;
    const latest = await this.fetchLatest().catch(() => null);
    if (!this.#isIdle()) return;
    if (latest) this.say({ kind: "latest", downloads: latest });
    const isActive = latest === null || latest.some(({ status }) => ["pending", "downloading"].includes(status));
    if (isActive || this.#looks % LOOKS_BEFORE_OPENING === 0) this.#open();
  }

  #isIdle() {
    return !this.#source && this.#timer === null && !this.#stopped;
  }

  /** Do not wait for a retry: the network is said to be back. */
  hurry() {
    if (this.#failures > 0 && !this.#stopped) this.#open();
  }

  stop() {
    this.#stopped = true;
    this.#close();
  }

  #open() {
    this.#close();
    const source = new EventSource(this.url);
    this.#source = source;
    source.addEventListener("update", (event) => this.#updated(JSON.parse(event.data).downloads));
    source.addEventListener("complete", () => this.#completed());
    // One name, two things: the server's own `error` event has data, a lost connection has none.
    source.addEventListener("error", (/** @type {Event & { data?: unknown }} */ event) =>
      typeof event.data === "string" ? this.#refused(JSON.parse(event.data).error) : this.#interrupted());
    this.#expectWithin(this.silenceSeconds);
  }

  #updated(downloads) {
    this.#failures = 0;
    this.#expectWithin(this.silenceSeconds);
    this.say({ kind: "update", downloads });
    this.#state("live");
  }

  #completed() {
    this.#failures = 0;
    this.#close(); // else the browser would ask once more
    this.say({ kind: "update", downloads: [] });
    this.#state("idle");
  }

  #refused(error) {
    if (error.startsWith("Token ")) {
      this.#recover();
    } else {
      this.#expectWithin(this.silenceSeconds);
      this.#state("trouble", error);
    }
  }

  #interrupted() {
    if (this.#source?.readyState === EventSource.CLOSED) {
      this.#recover();
    } else {
      this.#failures += 1;
      this.#state("lost");
      this.#expectWithin(BROWSER_RETRY_SECONDS);
    }
  }

  /** The browser has given up, for a status it does not tell: find out, and open again. */
  async #recover() {
    this.#close();
    let waitSeconds = Math.min(SLOWEST_RETRY_SECONDS, 2 ** this.#failures) * (0.5 + Math.random() / 2);
    if (this.#failures === 0) waitSeconds = 0;
    else this.#state("lost");
    this.#failures += 1;
    try {
      if (!(await this.checkSession())) {
        this.#state("signed-out");
        return;
      }
    } catch (error) {
      this.#state("lost");
      waitSeconds = Math.max(waitSeconds, error.retryAfterSeconds ?? 1);
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.#open(), waitSeconds * 1000);
  }

  /** A cut cable or a sleeping laptop sends no error: silence is one. */
  #expectWithin(seconds) {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      this.#failures += 1;
      this.#state("lost");
      this.#open();
    }, seconds * 1000);
  }

  #state(state, detail = "") {
    if (!this.#stopped) this.say({ kind: "state", state, detail });
  }

  #close() {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    this.#source?.close();
    this.#source = null;
  }
}
