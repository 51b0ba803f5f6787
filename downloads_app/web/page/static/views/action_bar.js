/** What can be done to the chosen rows. It stands at the lower edge of the window while some are chosen. */

import { act, actionsOf } from "../actions.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { useAction } from "./settings/faults.js";

/** @type {import("../actions.js").Action[]} */
const ORDER = ["pause", "resume", "retry", "cancel", "delete"];

/**
 * `targets`: the chosen downloads as `{ id, status, name }`. `all`: how many could be chosen; `onAll` chooses them.
 */
export function ActionBar({ targets, all, onAll, onClear }) {
  const { act: run, isBusy } = useAction((action, options) => act(action, targets, options));
  if (targets.length === 0) return null;
  const numbers = ORDER.map((action) => [action, targets.filter(({ status }) => actionsOf(status).includes(action)).length]);
  const hasActive = targets.some(({ status }) => ["pending", "downloading", "paused"].includes(status));
  return html`<div class="action-bar" role="toolbar" aria-label=${say("choose.toolbar")}>
    <strong>${say("choose.chosen", { count: targets.length })}</strong>
    ${numbers.filter(([, count]) => count > 0).map(([action, count]) => html`<button type="button" key=${action} data-action=${action} aria-disabled=${isBusy}
      onClick=${() => run(action)}>${sayNamed("action", action)}${count < targets.length ? ` (${count})` : ""}</button>`)}
    ${hasActive && html`<${Priority} isBusy=${isBusy} onSet=${(priority) => run("priority", { priority })} />`}
    <span class="action-bar-rest">
      ${targets.length < all && html`<button type="button" class="quiet" onClick=${onAll}>${say("choose.all", { count: all })}</button>`}
      <button type="button" class="quiet" onClick=${onClear}>${say("choose.none")}</button></span>
  </div>`;
}

function Priority({ isBusy, onSet }) {
  const submit = (event) => {
    event.preventDefault();
    const value = event.currentTarget.elements.priority.valueAsNumber;
    if (Number.isInteger(value)) onSet(value);
  };
  return html`<form class="priority" onSubmit=${submit}><label>${say("plan.priority")}
    <input name="priority" type="number" min="-1000" max="1000" step="1" required placeholder="0" /></label>
    <button type="submit" aria-disabled=${isBusy}>${say("choose.set")}</button></form>`;
}
