/** A secret that is shown this once: to be copied, and gone from the page when one leaves it. */

import { announce } from "../../announcer.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";

/**
 * `secrets` are [label, text] pairs. `onDone` takes them off the page; so does leaving it, or going to another page
 * and back.
 */
export function ShownOnce({ title, secrets, onDone }) {
  const panel = useRef(null);
  useEffect(() => {
    panel.current.focus();
    addEventListener("pagehide", onDone); // the browser may keep a whole page for "back"
    return () => removeEventListener("pagehide", onDone);
  }, []);
  return html`<section class="panel once" ref=${panel} tabindex="-1" aria-label=${title}>
    <p><strong>${title}</strong> ${say("secret.once")}</p>
    ${secrets.map(([label, text]) => html`<${Copied} key=${label} label=${label} text=${text} />`)}
    <p class="answers"><button type="button" class="quiet" onClick=${onDone}>${say("secret.done")}</button></p>
  </section>`;
}

function Copied({ label, text }) {
  const [isCopied, setCopied] = useState(false);
  const line = useRef(null);
  async function copy() {
    if (!(await toClipboard(text, line.current))) return;
    setCopied(true);
    announce(say("app.copied"));
  }
  return html`<div class="copied"><span class="copied-label">${label}</span><code ref=${line} tabindex="0">${text}</code>
    <button type="button" class="quiet" aria-label=${say("secret.copy_what", { what: label })} onClick=${copy}>
      ${say(isCopied ? "app.copied" : "app.copy")}</button></div>`;
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
