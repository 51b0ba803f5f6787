/** The sign-in form. */

import { byId, formById, setText, show } from "./dom.js";
import { address } from "./http.js";
import { signIn } from "./session.js";

/** Show the form until somebody has signed in. `reason` tells a user whose session ended why. */
export function askToSignIn(reason = "") {
  const form = formById("sign-in");
  setText(byId("sign-in-reason"), reason);
  show(byId("sign-in-reason"), reason !== "");
  setText(byId("sign-in-error"), "");
  show(form, true);
  if (!reason) form.reset();
  comeBackHere(/** @type {HTMLAnchorElement | null} */ (document.getElementById("single-sign-on")));
  form.elements[form.elements.username.value ? "password" : "username"].focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (await attempt(form)) {
        show(form, false);
        resolve(undefined);
      }
    };
  });
}

/** Whoever signs in elsewhere comes back to this view. @param {HTMLAnchorElement | null} link */
function comeBackHere(link) {
  if (!link) return;
  const path = location.pathname.slice(address("").length) + location.search;
  link.search = String(new URLSearchParams({ next: `/${path}` }));
}

export function stopAsking() {
  byId("sign-in").onsubmit = null;
  show(byId("sign-in"), false);
}

async function attempt(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  setText(byId("sign-in-error"), "");
  try {
    await signIn(form.elements.username.value, form.elements.password.value);
    return true;
  } catch (error) {
    setText(byId("sign-in-error"), error.message);
    form.elements.password.select();
    return false;
  } finally {
    form.elements.password.value = "";
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}
