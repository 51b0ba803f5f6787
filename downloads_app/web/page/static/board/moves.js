/** When each row in sight moved last: what is pressed so soon after may have been meant for another one. */

const SETTLED_MILLISECONDS = 350;

export class Moves {
  /** @type {Map<string, { top: number, movedAt: number }>} */
  #tops = new Map();

  /**
   * Take the rows that are drawn now.
   * @param {import("./arrange.js").PlacedSection[]} shown
   */
  note(shown) {
    const now = performance.now();
    const tops = new Map();
    for (const section of shown) {
      for (const { id, top: within } of section.rows) {
        const top = section.top + within;
        const before = this.#tops.get(id);
        const isSame = before === undefined || before.top === top;
        tops.set(id, { top, movedAt: isSame ? (before?.movedAt ?? -Infinity) : now });
      }
    }
    this.#tops = tops;
  }

  /** Whether a row has just moved. */
  isMoving(id) {
    return performance.now() - (this.#tops.get(id)?.movedAt ?? -Infinity) < SETTLED_MILLISECONDS;
  }
}
