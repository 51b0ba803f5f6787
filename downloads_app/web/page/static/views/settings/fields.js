/** The parts of forms. A form keeps its own values: what is secret is in it until it is sent, and nowhere else. */

import { html } from "../../vendor/preact/preact-htm.js";

/**
 * One thing to fill in: label, control, a hint below. `children` is the control; it has the id `id` and, if there is a
 * hint, `aria-describedby=${hintId(id)}`.
 */
export function Field({ id, label, hint = "", children }) {
  return html`<div class="field"><label for=${id}>${label}</label>${children}
    ${hint && html`<small id=${hintId(id)} class="hint">${hint}</small>`}</div>`;
}

/** @param {string} id */
export function hintId(id) {
  return `${id}-hint`;
}

/** A field of one line; what is not named here goes to the input. */
export function TextField({ id, label, hint = "", name = id, type = "text", ...rest }) {
  return html`<${Field} id=${id} label=${label} hint=${hint}><input id=${id} name=${name} type=${type}
    autocapitalize="none" autocomplete="off" spellcheck=${false} aria-describedby=${hint ? hintId(id) : null} ...${rest} /><//>`;
}

/** A box to tick, with what it means below. */
export function Tick({ id, label, hint = "", name = id, ...rest }) {
  return html`<div class="tick"><input id=${id} name=${name} type="checkbox" aria-describedby=${hint ? hintId(id) : null} ...${rest} />
    <div><label for=${id}>${label}</label>${hint && html`<small id=${hintId(id)} class="hint">${hint}</small>`}</div></div>`;
}

/** One of several choices: `choices` are [value, words] pairs; `value` is the one at first. */
export function Choice({ id, label, hint = "", name = id, choices, value, ...rest }) {
  return html`<${Field} id=${id} label=${label} hint=${hint}><select id=${id} name=${name} aria-describedby=${hint ? hintId(id) : null} ...${rest}>
    ${choices.map(([one, words]) => html`<option key=${one} value=${one} defaultSelected=${one === value}>${words}</option>`)}</select><//>`;
}

/** The button that sends a form. It stays in place, and keeps the focus, while the form is on its way. */
export function Submit({ isBusy, children }) {
  return html`<button type="submit" class="act" aria-busy=${isBusy} aria-disabled=${isBusy}>${children}</button>`;
}

/**
 * The values of a submitted form by their names.
 * @param {Event} event
 * @returns {Record<string, any>}
 */
export function valuesOf(event) {
  event.preventDefault();
  return Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
}
