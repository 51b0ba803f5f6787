/** A question before an action that cannot be undone, for the board. The views use views/confirm.js. */

import { byId, setText } from "./dom.js";

/**
 * Ask the question. Resolves to whether the answer was yes.
 * @param {string} question
 * @param {string} yes the label of the button for yes
 * @returns {Promise<boolean>}
 */
export function ask(question, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("question"));
  setText(byId("question-text"), question);
  setText(byId("question-yes"), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
