/** Lists of rows from REST that grow by pages and are read again by themselves. */

import { getPage } from "../../api.js";
import { html, useCallback, useEffect, useRef, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault } from "./faults.js";

const PAGE_SIZE = 50;

/**
 * The rows of `collection` read so far. `again` reads as many rows as are shown once more; `more` reads the next page.
 * @param {string} collection
 * @param {Record<string, string>} query
 * @param {number} [everySeconds] reads again while the tab is visible; 0: never
 */
export function useRows(collection, query, everySeconds = 0) {
  const [state, setState] = useState({ rows: null, next: null, error: null });
  const run = useRef(0);
  const pages = useRef(1);
  const key = `${collection}?${new URLSearchParams(query)}`;
  const read = useCallback(async (cursor, before) => {
    const mine = ++run.current;
    try {
      let rows = before;
      let next = cursor;
      do {
        const page = await getPage(collection, { ...query, page_size: String(PAGE_SIZE) }, next);
        rows = [...rows, ...page.rows];
        next = page.next;
      } while (next !== null && rows.length < pages.current * PAGE_SIZE);
      if (mine === run.current) setState({ rows, next, error: null });
    } catch (error) {
      if (mine === run.current) setState((old) => ({ ...old, error }));
    }
  }, [key]);
  const again = useCallback(() => read(null, []), [read]);
  useEffect(() => {
    pages.current = 1;
    again();
    const timer = everySeconds ? setInterval(() => document.hidden || again(), everySeconds * 1000) : undefined;
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [again, everySeconds]);
  function more() {
    pages.current += 1;
    return read(state.next, state.rows);
  }
  return { ...state, again, more };
}

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
