/** Short notes about what has just been done, with a button for what may follow: to take it back, or to try again. */

import { byId } from "./dom.js";
import { linked } from "./mentions.js";
import { html, render } from "./vendor/preact/preact-htm.js";
import { say } from "./words.js";

const SHOWN_MILLISECONDS = 10_000;
const SHOWN_AT_MOST = 3;

/** @typedef {{ words: string, call: (ids: string[]) => void }} Offer `call` is given those of the ids to which nothing has been done since */
/** @type {{ key: number, text: string, offer: Offer | null, ids: string[], isFault: boolean, timer: number }[]} */
let toasts = [];
let keys = 0;

/**
 * Show a note for some seconds, or until it is closed. While its reader points at the notes, none of them goes.
 * What has been done to `ids` since an earlier note is not what that note's button is about.
 * @param {string} text
 * @param {Offer | null} offer
 * @param {boolean} isFault
 * @param {string[]} ids
 */
export function showToast(text, offer, isFault, ids = []) {
  const key = ++keys;
  for (const earlier of toasts) earlier.ids = earlier.ids.filter((id) => !ids.includes(id));
  toasts = [...toasts, { key, text, offer, ids, isFault, timer: setTimeout(expire, SHOWN_MILLISECONDS, key) }];
  for (const old of toasts.slice(0, -SHOWN_AT_MOST)) drop(old.key);
  draw();
}

/** Remove all notes: another user may sign in next. */
export function clearToasts() {
  for (const { key } of toasts) drop(key);
}

function expire(key) {
  const toast = toasts.find((one) => one.key === key);
  if (!toast) return;
  if (byId("toasts").matches(":hover, :focus-within")) toast.timer = setTimeout(expire, SHOWN_MILLISECONDS / 4, key);
  else drop(key);
}

function drop(key) {
  clearTimeout(toasts.find((one) => one.key === key)?.timer);
  toasts = toasts.filter((one) => one.key !== key);
  draw();
}

function draw() {
  render(toasts.map(({ key, text, offer, ids, isFault }) => html`<p key=${key} class="toast" data-fault=${isFault}><span>${linked(text)}</span>
    ${offer && ids.length > 0 && html`<button type="button" onClick=${() => { drop(key); offer.call(ids); }}>${offer.words}</button>`}
    <button type="button" class="quiet" aria-label=${say("action.close_note")} onClick=${() => drop(key)}>✕</button></p>`), byId("toasts"));
}
