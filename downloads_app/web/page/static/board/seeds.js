/** What the server has measured of a download's speed before this page was opened: the plots begin with it. */

import { getSpeeds } from "../api.js";

const AT_ONCE = 2;

export class Seeds {
  /** @type {Map<string, [number, number][]>} */
  #known = new Map();
  #running = 0;

  constructor(onArrival) {
    this.onArrival = onArrival;
  }

  /**
   * The points of a download's speed: the server's, then the page's own. Asks for the server's once, a few downloads at a time.
   * @param {string} id
   * @param {[number, number][]} own
   * @returns {[number, number][]}
   */
  before(id, own) {
    const known = this.#known.get(id);
    if (known === undefined) this.#ask(id);
    const first = own[0]?.[0] ?? Infinity;
    return known?.length ? [...known.filter(([at]) => at < first), ...own] : own;
  }

  async #ask(id) {
    if (this.#running >= AT_ONCE) return; // the next draw asks again
    this.#running += 1;
    this.#known.set(id, []);
    const answer = await getSpeeds(id).catch(() => null);
    this.#running -= 1;
    if (answer?.points.length) {
      this.#known.set(id, answer.points);
      this.onArrival();
    }
  }
}
