/**
 * The live stream through the browser's own EventSource, kept open.
 *
 * Its messages: `{kind: "update", downloads}`, `{kind: "latest", downloads}` (while idle: the downloads that changed
 * last, also those that began and ended between two looks) and `{kind: "state", state, detail}`. States: connecting,
 * live, idle (nothing active: closed until `look` finds something), trouble (the server's error), lost, signed-out.
 */

const SLOWEST_RETRY_SECONDS = 30;
const LOOKS_BEFORE_OPENING = 6; // open it sometimes: the stream decides whether something is active
const BROWSER_RETRY_SECONDS = 60; // the browser reconnects by itself, after the server's `retry:`

export class LiveStream {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {number | null} */
  #timer = null;
  #failures = 0;
  #looks = 0;
  #stopped = false;

  /**
   * `checkSession` resolves to whether somebody is signed in; it rejects if the server is away.
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

  /** Check whether something is active now. Does nothing while the stream is open. */
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

  /** Reconnect now: the browser says that the network is back. */
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
    // `error` has two meanings: the server's own event has data, a lost connection has none.
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
    this.#close(); // otherwise the browser would reconnect
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

  /** The browser has given up and does not say the status. Find out why, and open the stream again. */
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

  /** Treat silence as an error: a cut cable or a sleeping laptop sends none. */
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
