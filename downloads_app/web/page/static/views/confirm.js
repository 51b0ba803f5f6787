/** A question before an action that cannot be undone, in the browser's dialog element. */

import { html, useEffect, useRef } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

/** `answers` are [value, label] pairs; `onAnswer` gets a value, or null for none. */
export function Confirm({ question, answers, onAnswer }) {
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => { // the element is gone before the dialog could give the focus back
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return html`<dialog ref=${dialog} class="question" onClose=${() => onAnswer(null)}>
    <p>${question}</p>
    <p class="answers">
      <button type="button" class="quiet" onClick=${() => onAnswer(null)}>${say("app.do_nothing")}</button>
      ${answers.map(([value, label]) => html`<button type="button" key=${value} onClick=${() => onAnswer(value)}>${label}</button>`)}
    </p>
  </dialog>`;
}
