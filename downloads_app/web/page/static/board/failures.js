/** Which failures have been dismissed in this browser: a failure stays on the board until then, whatever is reloaded. */

const KEPT_AT_MOST = 500;

/** Tabs of one browser share it. Where nothing can be stored, it is forgotten with the tab. */
export class Failures {
  /** @type {{ before: string, ids: Record<string, string> }} all of before that time, and single ones by when they failed */
  #dismissed = { before: "", ids: {} };
  #abort = new AbortController();

  /** `onChange` is called when another tab has dismissed something. */
  constructor(userId, onChange) {
    this.key = `downloads-dismissed-${userId}`;
    this.#read();
    addEventListener("storage", ({ key }) => {
      if (key !== this.key) return;
      this.#read();
      onChange();
    }, { signal: this.#abort.signal });
  }

  stop() {
    this.#abort.abort();
  }

  /** Whether this failure has been dismissed. If the download fails again, that is another failure. */
  isDismissed({ id, completed_at: at }) {
    return at !== null && at !== undefined && (at <= this.#dismissed.before || this.#dismissed.ids[id] === at);
  }

  dismiss({ id, completed_at: at }) {
    const ids = Object.entries({ ...this.#dismissed.ids, [id]: at });
    this.#write({ ...this.#dismissed, ids: Object.fromEntries(ids.slice(-KEPT_AT_MOST)) });
  }

  /** Dismiss all of these, and whatever failed earlier. */
  dismissAll(details) {
    const before = [this.#dismissed.before, ...details.map(({ completed_at: at }) => at)].sort().at(-1) ?? "";
    this.#write({ before, ids: {} });
  }

  #read() {
    try {
      const { before, ids } = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      if (typeof before === "string" && ids && typeof ids === "object") this.#dismissed = { before, ids };
    } catch {
      // storage is forbidden, or somebody else wrote there: nothing is dismissed
    }
  }

  #write(dismissed) {
    this.#dismissed = dismissed;
    try {
      localStorage.setItem(this.key, JSON.stringify(dismissed));
    } catch {
      // storage is forbidden or full
    }
  }
}
