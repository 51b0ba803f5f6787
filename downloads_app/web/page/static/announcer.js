/** What a screen reader says by itself: ended downloads and the connection, in batches, never the progress. */

import { byId } from "./dom.js";
import { say } from "./words.js";

const GATHER_MILLISECONDS = 1500;
const MOST_AT_ONCE = 3;

/** @type {string[]} */
let waiting = [];
/** @type {number | null} */
let timer = null;

export function announce(sentence) {
  waiting.push(sentence);
  if (timer === null) timer = setTimeout(speak, GATHER_MILLISECONDS);
}

function speak() {
  const rest = waiting.length - MOST_AT_ONCE;
  const spoken = waiting.slice(0, MOST_AT_ONCE);
  if (rest > 0) spoken.push(say("app.and_more", { count: rest }));
  byId("announcer").textContent = spoken.join(" ");
  waiting = [];
  timer = null;
}
