/** A progress bar that moves smoothly and never backwards, and that screen readers can read. */

import { setAttribute } from "./dom.js";
import { percent } from "./format.js";
import { say } from "./words.js";

export class Bar {
  #shown = -1;
  #run = null;

  constructor(element) {
    this.element = element;
    this.fill = element.querySelector(".fill");
  }

  /**
   * `fraction` is 0 to 1, or null for unknown. A screen reader also says `words`.
   * `run` names the attempt: in one attempt the bar only rises; a new one may begin at 0.
   */
  set(fraction, { run = null, words = "" } = {}) {
    if (run !== this.#run) this.#shown = -1;
    this.#run = run;
    this.element.classList.toggle("unknown", fraction === null);
    if (fraction === null) {
      setAttribute(this.element, "aria-valuenow", null);
    } else {
      if (fraction > this.#shown) {
        this.#shown = fraction;
        this.fill.style.transform = `scaleX(${fraction.toFixed(4)})`; // the style sheet animates it
      }
      setAttribute(this.element, "aria-valuenow", String(Math.floor(this.#shown * 100)));
    }
    const spoken = [fraction === null ? say("row.size_not_known") : percent(this.#shown), words];
    setAttribute(this.element, "aria-valuetext", spoken.filter(Boolean).join(", "));
  }

  /** The fraction that the page shows, or null. */
  get shown() {
    return this.#shown < 0 || this.element.classList.contains("unknown") ? null : this.#shown;
  }
}
