/** One download in a list of REST rows: its name, its status with the reason, and its actions. */

import { announce } from "../announcer.js";
import { changeDownload, deleteDownload } from "../api.js";
import { amount, bytes, fraction, percent } from "../format.js";
import { address } from "../http.js";
import { outcome } from "../row.js";
import { away, when } from "../times.js";
import { html, useState } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { Confirm } from "./confirm.js";

/** @type {Record<string, string[]>} */
const ACTIONS = {
  pending: ["pause", "cancel"],
  downloading: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  failed: ["retry", "delete"],
  cancelled: ["retry", "delete"],
  completed: ["delete"],
};
const NEEDS_ANSWER = new Set(["cancel", "delete"]);

/** `onChange` is called after an action. `showsUser`: the list has rows of several users. */
export function DownloadRow({ download, showsUser, onChange, children }) {
  const [question, setQuestion] = useState(null);
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function act(action, answer) {
    setQuestion(null);
    setBusy(true);
    try {
      if (action === "delete") await deleteDownload(download.id, answer === "files");
      else await changeDownload(download.id, action);
      setFault("");
      onChange();
    } catch (error) {
      setFault(error.message);
      announce(error.message);
    } finally {
      setBusy(false);
    }
  }

  const { current_bytes: current, total_bytes: total } = download.progress_data;
  const done = fraction(current, total);
  return html`<li class="line" data-id=${download.id} data-status=${download.status}>
    <h3 class="line-name"><a data-inside href=${address(`downloads/${download.id}`)} title=${download.repository}>${download.repository}</a></h3>
    <span class="line-provider">${[download.provider, showsUser && download.username].filter(Boolean).join(" · ")}</span>
    <p class="line-facts"><span class="line-status">${sayNamed("status", download.status)}</span>
      <span>${amount(current, total)}</span>
      ${done !== null && done < 1 && html`<span>${percent(done)}</span>`}
      ${download.completed_at && html`<span>${when(download.completed_at)}</span>`}
      ${children}</p>
    ${reasonOf(download) && html`<p class="line-reason">${reasonOf(download)}</p>`}
    ${fault && html`<p class="line-reason" role="alert">${fault}</p>`}
    <div class="line-actions">
      ${(ACTIONS[download.status] ?? []).map((action) => html`<button type="button" class="quiet" key=${action} disabled=${isBusy}
        aria-label=${say("action.of", { action: sayNamed("action", action), name: download.repository })}
        onClick=${() => (NEEDS_ANSWER.has(action) ? setQuestion(action) : act(action))}>${sayNamed("action", action)}</button>`)}
    </div>
    ${question === "cancel" && html`<${Confirm} question=${say("action.cancel_question")} answers=${[["cancel", say("action.cancel_yes")]]}
      onAnswer=${(answer) => (answer ? act("cancel") : setQuestion(null))} />`}
    ${question === "delete" && html`<${Confirm} question=${say("action.delete_question")}
      answers=${[["row", say("action.keep_files")], ["files", say("action.delete_files", { size: bytes(current) })]]}
      onAnswer=${(answer) => (answer ? act("delete", answer) : setQuestion(null))} />`}
  </li>`;
}

/** The reason for its status, and when the status will change by itself. */
export function reasonOf(download) {
  if (download.status === "failed") return outcome(download);
  if (download.status !== "pending" || !download.wait_reason) return "";
  const isAhead = download.next_attempt_at && Date.parse(download.next_attempt_at) > Date.now();
  return isAhead ? say("outcome.next_try", { reason: download.wait_reason, when: away(download.next_attempt_at) }) : download.wait_reason;
}
