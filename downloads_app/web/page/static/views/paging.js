/** The pages of a long list that have been read so far, one after another by the server's cursors. */

import { getPage, getPages } from "../api.js";
import { useCallback, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";
import { useAnswer, useRetry } from "./loading.js";

export const PAGE_SIZE = 50;
const NOTHING_YET = { rows: [], next: null, asked: null, isAtEnd: false, isLoading: true, error: null };

/**
 * `more` reads the next page, `again` the one that failed, `change` takes new rows in the place of the old ones, so that nothing moves but what is gone.
 * @param {string} query
 */
export function usePages(query) {
  const [state, setState] = useState(NOTHING_YET);
  const run = useRef(0);
  const read = useCallback(async (cursor) => {
    const mine = ++run.current;
    try {
      const page = await getPage("downloads", query, cursor);
      if (mine !== run.current) return;
      setState((old) => ({ rows: [...(cursor === null ? [] : old.rows), ...page.rows], next: page.next, isAtEnd: page.next === null, isLoading: false, error: null }));
    } catch (error) {
      if (mine === run.current) setState((old) => ({ ...old, asked: cursor, isLoading: false, error }));
    }
  }, [query]);
  useEffect(() => {
    setState(NOTHING_YET);
    read(null);
    return () => { run.current += 1; };
  }, [read]);
  const again = () => read(state.asked);
  useRetry(state.error, again);
  const change = useCallback((changed, gone) => {
    const byId = new Map(changed.map((row) => [row.id, row]));
    setState((old) => ({ ...old, rows: old.rows.filter(({ id }) => !gone.includes(id)).map((row) => byId.get(row.id) ?? row) }));
  }, []);
  return { ...state, again, more: () => state.next !== null && read(state.next), change };
}

/**
 * The first pages of a list that changes by itself, read anew every `everySeconds` (0: never) for each page that is shown: what is
 * asked of the server grows no faster for a long list. `more` shows one page more. `rows` is null until there is an answer.
 * @param {string} collection
 * @param {Record<string, string>} query
 * @param {number} [everySeconds]
 */
export function useRows(collection, query, everySeconds = 0) {
  const key = `${collection}?${new URLSearchParams(query)}`;
  const [shown, setShown] = useState({ key, pages: 1 });
  const pages = shown.key === key ? shown.pages : 1;
  const { answer, error, again } = useAnswer(() => getPages(collection, query, pages), `${pages} ${key}`, everySeconds * pages);
  return { rows: answer?.rows ?? null, next: answer?.next ?? null, error, again, more: () => setShown({ key, pages: pages + 1 }) };
}
