/** The names for the stream's ids. Each name is requested once; requests are batched. */

import { getByIds } from "./api.js";

const BATCH = 50;
const GATHER_MILLISECONDS = 30;
const RETRY_MILLISECONDS = 5000;

export class Names {
  #known = new Map();
  #wanted = new Set();
  /** @type {number | null} */
  #timer = null;

  /** `field` is the name's field in the rows of `collection`. `onArrival` is called when names have arrived. */
  constructor(collection, field, onArrival) {
    this.collection = collection;
    this.field = field;
    this.onArrival = onArrival;
  }

  /** The name; null until it has arrived. */
  get(id) {
    if (this.#known.has(id)) return this.#known.get(id);
    this.#wanted.add(id);
    this.#timer ??= setTimeout(() => this.#fetch(), GATHER_MILLISECONDS);
    return null;
  }

  stop() {
    clearTimeout(this.#timer ?? undefined);
    this.#wanted.clear();
  }

  async #fetch() {
    const ids = [...this.#wanted].slice(0, BATCH);
    let pause = 0;
    try {
      const rows = await getByIds(this.collection, ids);
      for (const row of rows) this.#known.set(row.id, row[this.field]);
      for (const id of ids) {
        this.#wanted.delete(id);
        if (!this.#known.has(id)) this.#known.set(id, id.slice(0, 8)); // it is gone, or we may not see it
      }
      this.onArrival();
    } catch {
      pause = RETRY_MILLISECONDS; // until then the row shows the beginning of its id
    }
    this.#timer = this.#wanted.size ? setTimeout(() => this.#fetch(), pause) : null;
  }
}
