/** Asks for something while a view is open, now and again; keeps what came last while the server is away. */

import { useCallback, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";

/**
 * `ask` is called at once, whenever `key` changes, every `everySeconds` (0: never again) while the tab is looked at, and
 * by `again()`.
 * @param {() => Promise<any>} ask
 * @param {string | null} key
 * @param {number} [everySeconds]
 * @returns {{ answer: any, error: any, again: () => Promise<void> }}
 */
export function useAnswer(ask, key, everySeconds = 0) {
  const [state, setState] = useState({ answer: null, error: null });
  const latest = useRef(0);
  const again = useCallback(async () => {
    const mine = ++latest.current;
    try {
      const answer = await ask();
      if (mine === latest.current) setState({ answer, error: null });
    } catch (error) {
      if (mine === latest.current) setState((before) => ({ ...before, error }));
    }
  }, [key]);
  useEffect(() => {
    again();
    const timer = everySeconds ? setInterval(() => document.hidden || again(), everySeconds * 1000) : undefined;
    return () => {
      latest.current += 1;
      clearInterval(timer);
    };
  }, [again, everySeconds]);
  return { ...state, again };
}
