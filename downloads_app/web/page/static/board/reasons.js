/** Why rows in sight wait, and when they are tried next: REST knows, the stream does not say. */

import { getByIds } from "../api.js";

const ASKED_AT_ONCE = 50;
const PAUSE_MILLISECONDS = 2000;

export class Reasons {
  /** @type {Map<string, any>} */
  #known = new Map();
  /** @type {Map<string, any>} */
  #wanted = new Map();
  /** @type {number | null} */
  #timer = null;

  constructor(onArrival) {
    this.onArrival = onArrival;
  }

  /** Have the details of these waiting downloads of the stream; those that are known already are not asked for. */
  want(downloads) {
    this.#wanted = new Map(downloads.filter((one) => this.#isOutdated(one)).map((one) => [one.id, one]));
    if (this.#wanted.size > 0) this.#timer ??= setTimeout(() => this.#fetch(), 0);
  }

  /** REST's row of a download, or null. */
  get({ id }) {
    return this.#known.get(id) ?? null;
  }

  stop() {
    clearTimeout(this.#timer ?? undefined);
    this.#wanted.clear();
  }

  #isOutdated({ id, updated_at: at }) {
    const known = this.#known.get(id);
    return known === undefined || known.updated_at < at;
  }

  async #fetch() {
    const ids = [...this.#wanted.keys()].slice(0, ASKED_AT_ONCE);
    try {
      for (const row of await getByIds("downloads", ids)) this.#known.set(row.id, row);
      this.onArrival();
    } catch {
      // the row says that it waits; the next look asks again
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.want([...this.#wanted.values()]);
    }, PAUSE_MILLISECONDS);
  }
}
