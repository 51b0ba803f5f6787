/** Questions before something that nothing brings back, in the browser's dialog element. */

import { byId } from "./dom.js";
import { html, render } from "./vendor/preact/preact-htm.js";
import { say } from "./words.js";

/** Answers the question that is open, if one is. */
let dismiss = () => {};

/**
 * Ask, and resolve to the value of the chosen answer, or to null: for none, or when the view that asks is left.
 * @param {string} question
 * @param {[string, string][]} answers values and labels
 * @returns {Promise<any>}
 */
export function ask(question, answers) {
  dismiss(); // Escape closes a question at once, and tells of it later: perhaps after this next one
  const before = document.activeElement;
  const answered = new AbortController();
  return new Promise((resolve) => {
    function answer(value) {
      if (answered.signal.aborted) return;
      answered.abort();
      render(null, byId("dialogs"));
      // The element is gone before it could give the focus back.
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      resolve(value);
    }
    dismiss = () => answer(null);
    addEventListener("view-changed", dismiss, { signal: answered.signal });
    render(html`<${Question} question=${question} answers=${answers} onAnswer=${answer} />`, byId("dialogs"));
  });
}

/** Whether a question is open: an Escape now is for it alone. */
export function isAsking() {
  return byId("dialogs").firstElementChild !== null;
}

/** Opens it with the render, not with the next picture: a key pressed between would still reach what is behind. */
function open(dialog) {
  dialog?.showModal();
}

function Question({ question, answers, onAnswer }) {
  return html`<dialog ref=${open} class="question" onClose=${() => onAnswer(null)}>
    <p>${question}</p>
    <p class="answers">
      <button type="button" class="quiet" onClick=${() => onAnswer(null)}>${say("app.do_nothing")}</button>
      ${answers.map(([value, label]) => html`<button type="button" key=${value} onClick=${() => onAnswer(value)}>${label}</button>`)}
    </p>
  </dialog>`;
}
