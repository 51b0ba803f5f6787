/** Paused and waiting downloads with their reasons, the oldest first. */

import { act } from "../actions.js";
import { html, useCallback } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { useChanges, useChoosing } from "./choosing.js";
import { DownloadRow } from "./download_row.js";
import { shownCount } from "./loading.js";
import { useRows } from "./paging.js";
import { Fault } from "./settings/faults.js";

const EVERY_SECONDS = 4;

export function WaitingView({ user }) {
  const paused = useRows("downloads", { status: "paused", sort: "created_at" }, EVERY_SECONDS);
  const pending = useRows("downloads", { status: "pending", sort: "created_at" }, EVERY_SECONDS);
  const again = useCallback(() => { paused.again(); pending.again(); }, [paused.again, pending.again]);
  useChanges(again);
  const error = paused.error ?? pending.error;
  const isKnown = paused.rows && pending.rows;
  /** @type {[string, any][]} */
  const all = [[say("waiting.paused"), paused], [say("waiting.waiting"), pending]];
  const groups = all.filter(([, { rows }]) => rows?.length > 0);
  const { propsOf, bar } = useChoosing(groups.flatMap(([, { rows }]) => rows));
  return html`<h2>${say("waiting.title")}</h2>
    <${Fault} error=${error} onAgain=${again} />
    ${!isKnown && !error && html`<p class="quiet-text">${say("app.loading")}</p>`}
    ${isKnown && groups.length === 0 && html`<p class="quiet-text">${say("waiting.nothing")}</p>`}
    ${groups.map(([name, page]) => html`<section key=${name} class="group"><h3 class="group-heading">${name} <small>${shownCount(page)}</small></h3>
      <ul class="rows lines" role="list">${page.rows.map((download) => html`<${DownloadRow} key=${download.id} download=${download}
        showsUser=${user.role === "admin"} ...${propsOf(download)}><${Priority} download=${download} /><//>`)}</ul>
      ${page.next && html`<p><button type="button" class="quiet" aria-label=${`${say("app.more")}: ${name}`} onClick=${page.more}>${say("app.more")}</button></p>`}
    </section>`)}${bar}`;
}

/** The priority among the owner's downloads: higher goes first. A fault is told, and the field shows again what holds. */
function Priority({ download }) {
  const change = async (event) => {
    const input = event.currentTarget;
    const { id, status, repository: name } = download;
    await act("priority", [{ id, status, name }], { priority: input.valueAsNumber });
    input.value = String(download.priority);
  };
  return html`<label class="priority">${say("plan.priority")}
    <input type="number" min="-1000" max="1000" value=${download.priority} onChange=${change} />
  </label>`;
}
