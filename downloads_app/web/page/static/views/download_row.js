/** One download in a list of REST rows: its name, its status with the reason, and its actions. */

import { act, actionsOf } from "../actions.js";
import { adviceFor, reasonOf } from "../board/describe.js";
import { Name } from "../board/name.js";
import { amount, fraction, percent } from "../format.js";
import { address } from "../http.js";
import { when } from "../times.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { useAction } from "./settings/faults.js";

/**
 * `showsUser`: the list has rows of several users. With `onChoose` it can be chosen. Views learn of changes by the event
 * "downloads-changed".
 */
export function DownloadRow({ download, showsUser, isChosen, onChoose, children }) {
  const { id, status, repository: name, path } = download;
  const { act: run, isBusy } = useAction((action) => act(action, [{ id, status, name, path }]));
  const { current_bytes: current, total_bytes: total } = download.progress_data;
  const done = fraction(current, total);
  const reason = status === "failed" ? (download.error_message ?? say("outcome.no_reason")) : download.wait_reason ? reasonOf(download) : "";
  return html`<li class="line" data-id=${id} data-status=${status}>
    ${onChoose && html`<input type="checkbox" class="choose" checked=${isChosen} aria-label=${say("choose.one", { name })} onClick=${onChoose} />`}
    <h3 class="line-name" title=${name}><a data-inside href=${address(`downloads/${id}`)} aria-label=${name}><${Name} text=${name} /></a></h3>
    <span class="line-provider">${[download.provider, showsUser && download.username].filter(Boolean).join(" · ")}</span>
    <p class="line-facts"><span class="line-status">${sayNamed("status", status)}</span>
      <span>${amount(current, total)}</span>
      ${done !== null && done < 1 && html`<span>${percent(done)}</span>`}
      ${download.completed_at && html`<span>${when(download.completed_at)}</span>`}
      ${children}</p>
    ${reason && html`<p class="line-reason">${reason}</p>`}
    ${adviceFor(download) && html`<p class="line-advice">${adviceFor(download)}</p>`}
    <div class="line-actions">
      ${actionsOf(status).map((action) => html`<button type="button" class="quiet" key=${action} aria-disabled=${isBusy} data-action=${action}
        aria-label=${say("action.of", { action: sayNamed("action", action), name })} onClick=${() => run(action)}>${sayNamed("action", action)}</button>`)}
    </div>
  </li>`;
}
