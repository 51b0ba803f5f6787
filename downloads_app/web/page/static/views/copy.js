/** A button that copies a text, where the browser lets pages do so. */

import { html, useCallback, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

export function Copy({ text, label }) {
  const [isCopied, setCopied] = useState(false);
  const copy = useCallback(async () => {
    await navigator.clipboard?.writeText(text);
    setCopied(true);
  }, [text]);
  return navigator.clipboard && html`<button type="button" class="quiet" onClick=${copy} aria-label=${label}>${say(isCopied ? "app.copied" : "app.copy")}</button>`;
}
