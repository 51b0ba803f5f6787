/** A secret that is shown this once: to be copied, and gone from the page when one leaves it. */

import { html, useEffect, useRef } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Copy } from "../copy.js";

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
    ${secrets.map(([label, text]) => html`<div key=${label} class="copied"><span class="copied-label">${label}</span><code tabindex="0">${text}</code>
      <${Copy} text=${text} label=${say("secret.copy_what", { what: label })} /></div>`)}
    <p class="answers"><button type="button" class="quiet" onClick=${onDone}>${say("secret.done")}</button></p>
  </section>`;
}
