/** A name on one line. One that is too long is cut in the middle, because names of files and models differ at their ends. */

import { html } from "../vendor/preact/preact-htm.js";

const TAIL = 12; // characters, as the style sheet knows too
const NEVER_CUT = 16;

const segmenter = new Intl.Segmenter();

/**
 * Return the part that may be cut and the part that may not, between two whole characters.
 * @param {string} text
 * @returns {[string, string]}
 */
export function halves(text) {
  if (text.length <= NEVER_CUT) return [text, ""];
  const from = [...segmenter.segment(text)].at(-TAIL)?.index ?? 0;
  return [text.slice(0, from), text.slice(from)];
}

/** `text` as two spans; a link or a heading around them says it whole to a screen reader. */
export function Name({ text }) {
  const [head, tail] = halves(text);
  return tail === "" ? html`<span class="name-whole">${head}</span>`
    : html`<span class="name-head">${head}</span><span class="name-tail">${tail}</span>`;
}
