/** Names for the ids that the stream carries, asked for once each and in batches. */

import { getByIds } from "./api.js";

const BATCH = 50;
const GATHER_MILLISECONDS = 30;
const RETRY_MILLISECONDS = 5000;

export class Names {
  #known = new Map();
  #wanted = new Set();
  /** @type {number | null} */
  #timer = null;

  /** `field` holds the name in the rows of `collection`; `onArrival` is called when names came. */
  constructor(collection, field, onArrival) {
    this.collection = collection;
    this.field = field;
    this.onArrival = onArrival;
  }

  /** The name, or null while it is on its way. */
  get(id) {
    if (this.#known.has(id)) return this.#known.get(id);
    this.#wanted.add(id);
    this.#timer ??= setTimeout(() => this.#fetch(), GATHER_MILLISECONDS);
    return null;
  }

  async #fetch() {
    const ids = [...this.#wanted].slice(0, BATCH);
    let pause = 0;
    try {
      const rows = await getByIds(this.collection, ids);
      for (const row of rows) this.#known.set(row.id, row[this.field]);
      for (const id of ids) {
        this.#wanted.delete(id);
        if (!this.#known.has(id)) this.#known.set(id, id.slice(0, 8)); // gone, or not for us
      }
      this.onArrival();
    } catch {
      pause = RETRY_MILLISECONDS; // the row shows its id's beginning until then
    }
    this.#timer = this.#wanted.size ? setTimeout(() => this.#fetch(), pause) : null;
  }
}
