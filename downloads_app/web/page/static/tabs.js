/**
 * One stream for all tabs of a browser: the tab with the lock leads and opens it, the others listen.
 *
 * Over HTTP/1.1 a browser opens only six connections to a server: without this the seventh tab would hang.
 * Without Web Locks (plain HTTP, not on loopback) every tab opens its own stream.
 */

const CHECK_SECONDS = 5;
const CHECKS_BETWEEN_HIDDEN_LOOKS = 6;
const SILENT_LEADER_SECONDS = 20;

export class SharedStream {
  #channel;
  /** @type {import("./stream.js").LiveStream | null} */
  #stream = null;
  #latest = new Map();
  #heardAt = Date.now();
  #abort = new AbortController();
  /** @type {AbortController | null} */
  #application = null; // aborting it removes this tab from the queue
  #checks = 0;
  #timer;

  /** `open(say)` makes a stream. `onMessage` gets its messages, in the leading tab and in all others. */
  constructor({ name, open, onMessage }) {
    this.name = name;
    this.open = open;
    this.onMessage = onMessage;
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener("message", ({ data }) => this.#received(data));
    this.#timer = setInterval(() => this.#check(), CHECK_SECONDS * 1000);
    document.addEventListener("visibilitychange", () => this.#check(), { signal: this.#abort.signal });
    this.#channel.postMessage({ kind: "hello" });
    this.#apply();
  }

  /** Whether the stream is this tab's. */
  get isLeading() {
    return this.#stream !== null;
  }

  /** Make the leading tab check for active downloads now. */
  look() {
    this.#stream?.look();
    this.#channel.postMessage({ kind: "look" });
  }

  hurry() {
    this.#stream?.hurry();
  }

  stop() {
    clearInterval(this.#timer);
    this.#abort.abort();
    this.#application?.abort();
    this.#yield();
    this.#channel.close();
  }

  /** Ask to lead: in the queue, or with `steal` at once, if the leader is silent. */
  async #apply({ steal = false } = {}) {
    if (!navigator.locks) return this.#lead();
    this.#application?.abort();
    const application = (this.#application = new AbortController());
    try {
      await navigator.locks.request(this.name, steal ? { steal } : { signal: application.signal }, () => this.#lead());
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      if (application !== this.#application) return; // a newer application has replaced it
      this.#yield(); // this tab stopped, or was silent and another one took over
      if (!this.#abort.signal.aborted) this.#apply();
    }
  }

  /** Lead until this tab stops. The lock is held until the promise resolves. */
  #lead() {
    if (this.#abort.signal.aborted) return undefined;
    const stream = this.open((message) => this.#say(message));
    this.#stream = stream;
    stream.start();
    return new Promise((resolve) => this.#abort.signal.addEventListener("abort", resolve));
  }

  #yield() {
    this.#heardAt = Date.now();
    this.#stream?.stop();
    this.#stream = null;
  }

  #say(message) {
    this.#latest.set(message.kind, message);
    this.#channel.postMessage(message);
    this.onMessage(message);
  }

  #received(message) {
    if (message.kind === "hello" || message.kind === "look") {
      if (!this.#stream) return;
      if (message.kind === "look") this.#stream.look();
      const answers = message.kind === "look" ? ["state"] : ["update", "state"];
      for (const kind of answers) {
        if (this.#latest.has(kind)) this.#channel.postMessage(this.#latest.get(kind));
      }
    } else if (!this.#stream) {
      this.#heardAt = Date.now();
      this.onMessage(message);
    }
  }

  /** When this tab becomes visible, ask for news, and take over if the leading tab is frozen. */
  #check() {
    this.#checks += 1;
    if (document.visibilityState !== "visible") {
      this.#heardAt = Date.now();
      if (this.#checks % CHECKS_BETWEEN_HIDDEN_LOOKS === 0) this.#stream?.look();
    } else if (!this.#stream && Date.now() - this.#heardAt > SILENT_LEADER_SECONDS * 1000) {
      this.#heardAt = Date.now();
      this.#apply({ steal: true });
    } else {
      this.look();
    }
  }
}
