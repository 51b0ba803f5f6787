/** Requests something repeatedly while a view is open. Keeps the last answer while the server is away. */

import { useCallback, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

const HANGS_MILLISECONDS = 15_000;
const RETRY_SECONDS = 3;

/** "7", or "100 and more" where the list goes on after this page. */
export function shownCount({ rows, next }) {
  return next ? say("count.shown_and_more", { count: rows.length }) : String(rows.length);
}

/**
 * `ask` is called at once, when `key` changes, by `again()`, a moment after an outage, and every `often` seconds (0: never) while the
 * tab is visible; not while the last question is without an answer, unless it hangs. How often may depend on the last answer.
 * @param {() => Promise<any>} ask
 * @param {string | null} key
 * @param {number | ((answer: any) => number)} [often]
 * @returns {{ answer: any, error: any, again: () => Promise<void> }}
 */
export function useAnswer(ask, key, often = 0) {
  const [state, setState] = useState({ answer: null, error: null });
  const everySeconds = typeof often === "number" ? often : often(state.answer);
  const latest = useRef(0);
  const waitsSince = useRef(-Infinity);
  const again = useCallback(async () => {
    const mine = ++latest.current;
    waitsSince.current = Date.now();
    const show = (change) => {
      if (mine !== latest.current) return;
      waitsSince.current = -Infinity;
      setState(change);
    };
    try {
      const answer = await ask();
      show({ answer, error: null });
    } catch (error) {
      show((before) => ({ ...before, error }));
    }
  }, [key]);
  useEffect(() => {
    again();
    const look = () => document.hidden || Date.now() - waitsSince.current < HANGS_MILLISECONDS || again();
    const timer = everySeconds ? setInterval(look, everySeconds * 1000) : undefined;
    return () => {
      latest.current += 1;
      clearInterval(timer);
    };
  }, [again, everySeconds]);
  useRetry(state.error, again);
  return { ...state, again };
}

/**
 * Call `again` once a moment after each `error` that comes of an outage, so that nothing says for ever what is over. A hidden tab waits.
 * @param {any} error
 * @param {() => void} again
 */
export function useRetry(error, again) {
  useEffect(() => {
    if (!error?.isOutage) return undefined;
    const timer = setInterval(() => {
      if (document.hidden) return;
      clearInterval(timer);
      again();
    }, Math.max(RETRY_SECONDS, error.retryAfterSeconds ?? 0) * 1000);
    return () => clearInterval(timer);
  }, [error]);
}
