/** Lists of rows from REST, and one entry of them. */

import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault } from "./faults.js";

/** A list of entries, or why there is none. `list` is what `useRows` returned; `entry(row)` draws one. */
export function Rows({ list, label, nothing, entry }) {
  const { rows, next, error, again, more } = list;
  return html`<${Fault} error=${error} onAgain=${again} />
    ${!rows && !error && html`<p class="quiet-text" role="status">${say("app.loading")}</p>`}
    ${rows?.length === 0 && html`<p class="quiet-text empty">${nothing}</p>`}
    ${rows?.length > 0 && html`<ul class="rows entries" role="list" aria-label=${label}>${rows.map(entry)}</ul>`}
    ${next !== null && html`<p><button type="button" class="quiet" onClick=${more}>${say("app.more")}</button></p>`}`;
}

/**
 * One entry: its name with what is to be known of it, and what one can do with it (`children`). `badges` are
 * [words, kind] pairs; they and `facts` may have gaps. `below` is whatever needs more room.
 */
export function Entry({ id, name, href = null, badges = [], facts = [], below = null, children = null }) {
  const shown = facts.filter(Boolean);
  return html`<li class="entry" data-id=${id}>
    <div class="entry-main">
      <p class="entry-name">${href ? html`<a data-inside href=${href}><bdi>${name}</bdi></a>` : html`<bdi>${name}</bdi>`}
        ${badges.filter(Boolean).map(([words, kind]) => html`<span key=${words} class="badge" data-kind=${kind}>${words}</span>`)}</p>
      ${shown.length > 0 && html`<p class="entry-facts">${shown.map((fact, place) => html`<span key=${place}>${fact}</span>`)}</p>`}
      ${below}
    </div>
    ${children && html`<div class="entry-actions">${children}</div>`}
  </li>`;
}
