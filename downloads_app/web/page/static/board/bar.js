/** A progress bar that says what its number says, never runs backwards within one run, and that screen readers can read. */

import { percent } from "../format.js";
import { html, useRef } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

/**
 * `fraction` is 0 to 1, or null for unknown. `run` names the attempt: within one the bar only rises. A screen reader also says
 * `words`. `isStill`: what waits does not move.
 */
export function Bar({ fraction, run, words, label, labelledby, id, isStill }) {
  const highest = useRef({ run: null, shown: 0 });
  if (highest.current.run !== run) highest.current = { run, shown: 0 };
  if (fraction !== null) highest.current.shown = Math.max(highest.current.shown, fraction);
  const shown = fraction === null ? null : highest.current.shown;
  const spoken = [shown === null ? say("row.size_not_known") : percent(shown), words].filter(Boolean).join(", ");
  return html`<div id=${id} class="bar" data-unknown=${shown === null && !isStill} role="progressbar" aria-label=${label} aria-labelledby=${labelledby}
    aria-valuemin="0" aria-valuemax="100" aria-valuenow=${shown === null ? undefined : Math.floor(shown * 100)} aria-valuetext=${spoken}>
    <div class="fill" style=${{ transform: `scaleX(${(shown ?? 0).toFixed(4)})` }}></div></div>`;
}
