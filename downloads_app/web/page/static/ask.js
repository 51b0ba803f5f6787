/** A question before what cannot be undone, in the board; the views beside it have views/confirm.js. */

import { byId, setText } from "./dom.js";

/**
 * Resolve to whether the question was answered with yes.
 * @param {string} question
 * @param {string} yes the label of the button that says so
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
