/**
 * The live stream through the browser's own EventSource, kept open.
 *
 * Its messages: `{kind: "update", text}`, the event as it came (other tabs get a text for less than its objects), or `{kind: "update",
 * downloads}`; `{kind: "latest", downloads}`: while idle, what changed last; and `{kind: "state", state, detail}`. States: connecting,
 * live, idle (nothing active: closed until `look` finds something), polling (something holds the stream back), trouble (the
 * server's error), lost, signed-out.
 */

import { IdleLook } from "./idle.js";
import { Polling } from "./polling.js";

const SLOWEST_RETRY_SECONDS = 30;
const STREAM_AGAIN_SECONDS = 45; // while polling: how often the stream is tried again
const BROWSER_RETRY_SECONDS = 60; // the browser reconnects by itself, after the server's `retry:`

export class LiveStream {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {number | null} */
  #timer = null;
  #failures = 0;
  #stopped = false;
  #hasHeard = false; // an event, since the stream was opened
  #idle;
  #polling;

  /** `checkSession` resolves to whether somebody is signed in; it rejects if the server is away. The others: idle.js, polling.js. */
  constructor({ url, intervalSeconds, checkSession, fetchLatest, fetchActive, say }) {
    this.url = url;
    this.#idle = new IdleLook({ fetchLatest, say });
    this.#polling = new Polling({ intervalSeconds, fetchActive, say });
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
    if (this.#isIdle() && (await this.#idle.look(() => this.#isIdle()))) this.#open();
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
    this.#polling.stop();
    this.#close();
  }

  #open() {
    this.#close();
    const source = new EventSource(this.url);
    this.#source = source;
    this.#hasHeard = false;
    source.addEventListener("update", (event) => this.#updated(event.data));
    source.addEventListener("complete", () => this.#completed());
    // `error` has two meanings: the server's own event has data, a lost connection has none.
    source.addEventListener("error", (/** @type {Event & { data?: unknown }} */ event) =>
      typeof event.data === "string" ? this.#refused(JSON.parse(event.data).error) : this.#interrupted());
    this.#expectWithin(this.silenceSeconds);
  }

  #updated(text) {
    this.#heard();
    this.#expectWithin(this.silenceSeconds);
    this.say({ kind: "update", text });
    this.#state("live");
  }

  #heard() {
    this.#failures = 0;
    this.#hasHeard = true;
    this.#polling.stop();
  }

  #completed() {
    this.#heard();
    this.#close(); // otherwise the browser would reconnect
    this.say({ kind: "update", downloads: [] });
    this.#state("idle");
  }

  #refused(error) {
    this.#hasHeard = true;
    this.#polling.stop();
    if (error.startsWith("Token ")) return void this.#recover();
    this.#expectWithin(this.silenceSeconds);
    this.#state("trouble", error);
  }

  #interrupted() {
    if (this.#source?.readyState === EventSource.CLOSED) return void this.#recover();
    this.#failures += 1;
    this.#state("lost");
    this.#expectWithin(BROWSER_RETRY_SECONDS);
  }

  /** The browser has given up and does not say the status. Find out why, and open the stream again. */
  async #recover() {
    this.#close();
    let waitSeconds = Math.min(SLOWEST_RETRY_SECONDS, 2 ** this.#failures) * (0.5 + Math.random() / 2);
    if (this.#failures === 0) waitSeconds = 0;
    else this.#state("lost");
    this.#failures += 1;
    try {
      if (!(await this.checkSession())) return this.#state("signed-out");
    } catch (error) {
      this.#state("lost");
      waitSeconds = Math.max(waitSeconds, error.retryAfterSeconds ?? 1);
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.#open(), waitSeconds * 1000);
  }

  /** Treat silence as an error: a cut cable or a sleeping laptop sends none. */
  #expectWithin(seconds) {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => (this.#hasHeard ? this.#lose() : this.#suspect()), seconds * 1000);
  }

  #lose() {
    this.#failures += 1;
    this.#state("lost");
    this.#open();
  }

  /** The stream has never said a word. If REST answers, something between holds it back: try it again now and then. */
  async #suspect() {
    const source = this.#source;
    const isReplaced = await this.#polling.replace(() => !this.#stopped && source === this.#source && !this.#hasHeard);
    if (!isReplaced) return isReplaced === false && this.#lose();
    this.#close();
    this.#timer = setTimeout(() => this.#open(), STREAM_AGAIN_SECONDS * 1000);
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
