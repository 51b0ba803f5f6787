/** Paused and waiting downloads with their reasons, the oldest first. */

import { getPage, setPriority } from "../api.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { DownloadRow } from "./download_row.js";
import { shownCount, useAnswer } from "./loading.js";


const EVERY_SECONDS = 4;
const SHOWN_AT_MOST = 100;

export function WaitingView({ user }) {
  const query = { sort: "created_at", page_size: SHOWN_AT_MOST };
  const paused = useAnswer(() => getPage("downloads", { ...query, status: "paused" }), "paused", EVERY_SECONDS);
  const pending = useAnswer(() => getPage("downloads", { ...query, status: "pending" }), "pending", EVERY_SECONDS);
  const again = () => Promise.all([paused.again(), pending.again()]);
  const error = paused.error ?? pending.error;
  const isKnown = paused.answer && pending.answer;
  /** @type {[string, any][]} */
  const all = [[say("waiting.paused"), paused.answer], [say("waiting.waiting"), pending.answer]];
  const groups = all.filter(([, page]) => page?.rows.length > 0);
  return html`<h2>${say("waiting.title")}</h2>
    ${error && html`<p class="notice" role="alert">${error.message}</p>`}
    ${!isKnown && !error && html`<p class="quiet-text">${say("app.loading")}</p>`}
    ${isKnown && groups.length === 0 && html`<p class="quiet-text">${say("waiting.nothing")}</p>`}
    ${groups.map(([name, page]) => html`<section key=${name} class="group"><h3 class="group-heading">${name} <small>${shownCount(page)}</small></h3>
      <ul class="rows lines" role="list">${page.rows.map((download) => html`<${DownloadRow} key=${download.id} download=${download}
        showsUser=${user.role === "admin"} onChange=${again}><${Priority} download=${download} onChange=${again} /><//>`)}</ul>
    </section>`)}`;
}

/** The priority among the owner's downloads: higher goes first. */
function Priority({ download, onChange }) {
  const change = async (event) => {
    await setPriority(download.id, Number(event.currentTarget.value)).catch(() => {});
    onChange();
  };
  return html`<label class="priority">${say("plan.priority")}
    <input type="number" min="-1000" max="1000" value=${download.priority} onChange=${change} />
  </label>`;
}
