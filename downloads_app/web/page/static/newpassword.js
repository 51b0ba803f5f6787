/** The form for a user whose password somebody else has set. The user must change it before anything else. */

import { byId, formById, setText, show } from "./dom.js";
import { changePassword } from "./session.js";

/** Show the form until the user has set a new password. */
export function askForNewPassword(user) {
  const form = formById("new-password");
  setText(byId("new-password-error"), "");
  form.reset();
  show(form, true);
  form.elements.current.focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (await attempt(form, user)) {
        stopAskingForNewPassword();
        resolve(undefined);
      }
    };
  });
}

export function stopAskingForNewPassword() {
  const form = formById("new-password");
  form.onsubmit = null;
  form.reset();
  show(form, false);
}

async function attempt(form, user) {
  const button = form.querySelector("button");
  button.disabled = true;
  setText(byId("new-password-error"), "");
  try {
    await changePassword(user.username, form.elements.current.value, form.elements.chosen.value);
    return true;
  } catch (error) {
    setText(byId("new-password-error"), error.message);
    return false;
  } finally {
    button.disabled = false;
  }
}
