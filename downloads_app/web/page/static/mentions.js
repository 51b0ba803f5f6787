/** Downloads that the server's sentences name by their ids, as links. */

import { address } from "./http.js";
import { html } from "./vendor/preact/preact-htm.js";

const MENTION = /(\bDownload [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)/;
const SHORT_ID_LENGTH = 8; // as commands print it

/**
 * The sentence to be shown: a download's id is cut, and leads to the download.
 * @param {string} sentence
 * @returns {any[]}
 */
export function linked(sentence) {
  return sentence.split(MENTION).map((part, at) => {
    if (at % 2 === 0) return part;
    const [word, id] = part.split(" ");
    return html`<a data-inside href=${address(`downloads/${id}`)}>${word} ${id.slice(0, SHORT_ID_LENGTH)}</a>`;
  });
}
