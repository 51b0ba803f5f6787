/** All ended downloads, newest first, by status. Scrolling loads more. */

import { getPage } from "../api.js";
import { rewrite } from "../router.js";
import { html, useCallback, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { DownloadRow } from "./download_row.js";

const ENDED = ["completed", "failed", "cancelled"];
const PAGE_SIZE = 50;

export function HistoryView({ user, route }) {
  const [status, setStatus] = useState(ENDED.includes(route.query.get("status")) ? route.query.get("status") : "");
  const { rows, error, isAtEnd, more, reload } = usePages(status);
  function choose(event) {
    const chosen = event.currentTarget.value;
    setStatus(chosen);
    rewrite(chosen ? `history?status=${chosen}` : "history");
  }
  return html`<header class="view-head"><h2>${say("history.title")}</h2>
      <label>${say("history.show")} <select value=${status} onChange=${choose}>
        <option value="">${say("history.all")}</option>
        ${ENDED.map((one) => html`<option key=${one} value=${one}>${sayNamed("history", one)}</option>`)}
      </select></label></header>
    ${error && html`<p class="notice" role="alert">${error.message}</p>`}
    ${isAtEnd && rows.length === 0 && html`<p class="quiet-text">${say("history.nothing")}</p>`}
    <ul class="rows lines" role="list">${rows.map((download) => html`<${DownloadRow} key=${download.id} download=${download}
      showsUser=${user.role === "admin"} onChange=${reload} />`)}</ul>
    ${!isAtEnd && html`<${Further} key=${rows.length} onNear=${more} />`}`;
}

/** The pages of one list read so far. `more` reads the next page, `reload` the first one again. */
function usePages(status) {
  const [state, setState] = useState({ rows: [], next: null, isAtEnd: false, error: null });
  const run = useRef(0);
  const read = useCallback(async (cursor, before) => {
    const mine = ++run.current;
    const query = new URLSearchParams((status ? [status] : ENDED).map((one) => ["status", one]));
    query.set("sort", "-completed_at");
    query.set("page_size", String(PAGE_SIZE));
    try {
      const page = await getPage("downloads", query, cursor);
      if (mine !== run.current) return;
      setState({ rows: [...before, ...page.rows], next: page.next, isAtEnd: page.next === null, error: null });
    } catch (error) {
      if (mine === run.current) setState((old) => ({ ...old, error }));
    }
  }, [status]);
  const reload = useCallback(() => read(null, []), [read]);
  useEffect(() => {
    setState({ rows: [], next: null, isAtEnd: false, error: null });
    reload();
    return () => { run.current += 1; };
  }, [reload]);
  const more = () => state.next !== null && read(state.next, state.rows);
  return { ...state, more, reload };
}

/** A button that loads more when it becomes visible or is pressed. */
function Further({ onNear }) {
  const button = useRef(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && onNear(), { rootMargin: "400px" });
    observer.observe(button.current);
    return () => observer.disconnect();
  });
  return html`<p><button ref=${button} type="button" class="quiet" onClick=${onNear}>${say("app.more")}</button></p>`;
}
