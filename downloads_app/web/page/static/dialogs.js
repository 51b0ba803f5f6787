/** Questions before something that nothing brings back, for all views. */

import { byId } from "./dom.js";
import { html, render } from "./vendor/preact/preact-htm.js";
import { Confirm } from "./views/confirm.js";

/**
 * Ask, and resolve to the value of the chosen answer, or to null.
 * @param {string} question
 * @param {[string, string][]} answers values and labels
 * @returns {Promise<any>}
 */
export function ask(question, answers) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    render(html`<${Confirm} key=${question} question=${question} answers=${answers} onAnswer=${(answer) => {
      render(null, byId("dialogs"));
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      resolve(answer);
    }} />`, byId("dialogs"));
  });
}
