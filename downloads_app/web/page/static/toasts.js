/** Short notes about what has just been done, with a button that takes it back. */

import { byId } from "./dom.js";
import { linked } from "./mentions.js";
import { html, render } from "./vendor/preact/preact-htm.js";
import { say } from "./words.js";

const SHOWN_MILLISECONDS = 10_000;
const SHOWN_AT_MOST = 3;

/** @type {{ key: number, text: string, undo: (() => void) | null, isFault: boolean, timer: number }[]} */
let toasts = [];
let keys = 0;

/**
 * Show a note for some seconds, or until it is closed. While its reader points at the notes, none of them goes.
 * @param {string} text
 * @param {(() => void) | null} undo
 * @param {boolean} isFault
 */
export function showToast(text, undo, isFault) {
  const key = ++keys;
  toasts = [...toasts, { key, text, undo, isFault, timer: setTimeout(expire, SHOWN_MILLISECONDS, key) }];
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
  render(toasts.map(({ key, text, undo, isFault }) => html`<p key=${key} class="toast" data-fault=${isFault}><span>${linked(text)}</span>
    ${undo && html`<button type="button" onClick=${() => { drop(key); undo(); }}>${say("action.undo")}</button>`}
    <button type="button" class="quiet" aria-label=${say("action.close_note")} onClick=${() => drop(key)}>✕</button></p>`), byId("toasts"));
}
