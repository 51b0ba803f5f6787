/** A button that copies the text of the element before it. */

import { announce } from "../announcer.js";
import { html, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

/** It stands right after the element that shows `text`. */
export function Copy({ text, label }) {
  const [copied, setCopied] = useState(null);
  async function copy(event) {
    if (!(await toClipboard(text, event.currentTarget.previousElementSibling))) return;
    setCopied(text);
    announce(say("app.copied"));
  }
  return html`<button type="button" class="quiet" onClick=${copy} aria-label=${label}>${say(copied === text ? "app.copied" : "app.copy")}</button>`;
}

/**
 * Copy a text. Where the page may not (plain HTTP in a network), select it, so that one keystroke copies it.
 * @param {string} text
 * @param {Element} element shows the text
 */
async function toClipboard(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand("copy");
  }
}
