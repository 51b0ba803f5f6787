/** All ended downloads, newest first, with filters that stand in the address. Scrolling loads more. */

import { getProviders } from "../api.js";
import { rewrite } from "../router.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { useChanges, useChoosing } from "./choosing.js";
import { Chunk } from "./chunk.js";
import { DownloadRow } from "./download_row.js";
import { asQuery, Filters, readFilters } from "./filters.js";
import { useAnswer } from "./loading.js";
import { PAGE_SIZE, usePages } from "./paging.js";
import { Fault } from "./settings/faults.js";

export function HistoryView({ user, route }) {
  const [filters, setFilters] = useState(() => readFilters(route.query));
  const { answer: providers } = useAnswer(getProviders, "providers");
  const query = useMemo(() => asQuery(filters), [filters]);
  const { rows, error, again, isAtEnd, isLoading, more, change } = usePages(query);
  const { propsOf, bar } = useChoosing(rows);
  useChanges(change);
  const choose = useCallback((next) => {
    setFilters(next);
    const shown = new URLSearchParams(Object.entries(next).filter(([, value]) => value !== ""));
    rewrite(shown.size > 0 ? `history?${shown}` : "history");
  }, []);
  const chunks = Array.from({ length: Math.ceil(rows.length / PAGE_SIZE) }, (_, at) => rows.slice(at * PAGE_SIZE, (at + 1) * PAGE_SIZE));
  const isFiltered = Object.values(filters).some((value) => value !== "");
  return html`<h2>${say("history.title")}</h2>
    <${Filters} filters=${filters} providers=${providers ?? []} isAdmin=${user.role === "admin"} onChange=${choose} />
    <${Fault} error=${error} onAgain=${again} />
    <p class="quiet-text" role="status">${isLoading && rows.length === 0 ? say("app.loading")
      : isAtEnd && rows.length === 0 ? say(isFiltered ? "history.nothing" : "history.nothing_at_all") : ""}</p>
    ${rows.length > 0 && html`<div class="rows lines">${chunks.map((chunk, at) => html`<${Chunk} key=${at} draw=${() => chunk.map((download) => html`<${DownloadRow} key=${download.id}
      download=${download} showsUser=${user.role === "admin"} ...${propsOf(download)} />`)} />`)}</div>`}
    ${!isAtEnd && !error && html`<${Further} key=${rows.length} onNear=${more} />`}${bar}`;
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
