/** Which rows of a list are chosen: one by one, or with Shift from the last one to this one; none after Escape. */

import { isAsking } from "./dialogs.js";

export class Selection {
  /** @type {Set<string>} */
  ids = new Set();
  /** @type {string | null} */
  #last = null;

  /** `onChange` is called after each change. */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /**
   * Choose a row or not; with `isRange` all rows of `order` between the last one and this one.
   * @param {string} id
   * @param {boolean} isChosen
   * @param {boolean} isRange
   * @param {string[]} order
   */
  set(id, isChosen, isRange, order) {
    const ends = [order.indexOf(this.#last ?? id), order.indexOf(id)].sort((one, other) => one - other);
    const ids = isRange && ends[0] >= 0 ? order.slice(ends[0], ends[1] + 1) : [id];
    for (const one of ids) isChosen ? this.ids.add(one) : this.ids.delete(one);
    this.#last = id;
    this.onChange();
  }

  /** @param {Iterable<string>} ids */
  replace(ids) {
    this.ids = new Set(ids);
    this.onChange();
  }

  /** Take a key that was pressed anywhere. */
  press({ key }) {
    if (key === "Escape" && this.ids.size > 0 && !isAsking()) this.replace([]);
  }

  /**
   * Forget rows that are no longer there.
   * @param {(id: string) => boolean} isThere
   */
  keep(isThere) {
    for (const id of this.ids) if (!isThere(id)) this.ids.delete(id);
  }
}
