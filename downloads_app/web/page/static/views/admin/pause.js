/** Pausing for maintenance: the whole queue, or one provider. */

import { announce } from "../../announcer.js";
import { when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";

/**
 * `words`: `lead` says what a pause does, `paused` is the key of what is said while it lasts. `onToggle` gets whether
 * to pause.
 * @param {{ pausedAt: string | null, words: { lead: string, paused: import("../../words.js").Key }, onToggle: (paused: boolean) => Promise<void> }} given
 */
export function Pause({ pausedAt, words, onToggle }) {
  const isPaused = pausedAt !== null;
  const { act, isBusy, error } = useAction(async () => {
    await onToggle(!isPaused);
    announce(say(isPaused ? "pause.ended" : "pause.begun"));
  });
  return html`<div class="with-button pausing" data-paused=${isPaused}><p>${isPaused ? say(words.paused, { when: when(pausedAt) }) : words.lead}</p>
      <button type="button" class="quiet" aria-busy=${isBusy} onClick=${() => act()}>${say(isPaused ? "action.resume" : "action.pause")}</button></div>
    <${Fault} error=${error} />`;
}
