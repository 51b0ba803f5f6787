/** Which part of the board is in sight, and how high its rows are there. */

const MARGIN_PIXELS = 400; // drawn above and below what is in sight
const STEP_PIXELS = 200; // scrolling less draws nothing new
const SEEN_ABOVE_PIXELS = 16; // of what is scrolled to

export class Sight {
  #element;
  from = 0; // in pixels from the top of the board
  to = 0;
  heights;

  /** @param {HTMLElement} element the board's rows */
  constructor(element) {
    this.#element = element;
    this.heights = readHeights(element);
  }

  /** Find out which part is in sight; return whether it has changed by a step. */
  look() {
    const top = -this.#element.getBoundingClientRect().top;
    const from = Math.floor(top / STEP_PIXELS) * STEP_PIXELS - MARGIN_PIXELS;
    const to = from + Math.ceil(innerHeight / STEP_PIXELS) * STEP_PIXELS + 2 * MARGIN_PIXELS + STEP_PIXELS;
    const isNew = from !== this.from || to !== this.to;
    [this.from, this.to] = [from, to];
    return isNew;
  }

  /** Scroll to what begins `top` pixels below the board's own beginning. */
  scrollTo(top) {
    scrollBy({ top: this.#element.getBoundingClientRect().top + top - SEEN_ABOVE_PIXELS, behavior: "instant" });
  }

  /** Read the heights of the rows: they depend on the width of the window. */
  measure() {
    this.heights = readHeights(this.#element);
  }
}

/**
 * The heights of the rows, in pixels: the style sheet has them in rem.
 * @param {HTMLElement} element
 * @returns {import("./arrange.js").Heights}
 */
function readHeights(element) {
  const style = getComputedStyle(element);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const read = (name) => Math.round(Number.parseFloat(style.getPropertyValue(name)) * rem);
  return { card: read("--card"), line: read("--line"), ended: read("--ended"), failed: read("--failed"), more: read("--line"), heading: read("--heading"), gap: read("--gap") };
}
