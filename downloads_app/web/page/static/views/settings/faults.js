/** Says what went wrong in words, and what to do about it. */

import { duration } from "../../format.js";
import { html, useCallback, useRef, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";

/** @type {Record<number, import("../../words.js").Key>} */
const REMEDIES = {
  0: "fault.try_again_connected",
  403: "fault.not_allowed",
  404: "fault.gone",
  409: "fault.conflict",
  500: "fault.ours",
  503: "fault.busy",
};

/**
 * The server's own sentence, and what to do.
 * @param {{ status?: number, message: string, retryAfterSeconds?: number | null }} error
 */
export function explain({ status, message, retryAfterSeconds }) {
  const key = status === undefined ? undefined : REMEDIES[status];
  const remedy = status === 429
    ? say("fault.wait", { time: duration(retryAfterSeconds ?? 60) })
    : key ? say(key) : "";
  return [message.replace(/[.\s]*$/, "."), remedy].filter(Boolean).join(" ");
}

/** A fault with what to do about it; a screen reader says it at once. `onAgain`: offers what is done after an outage by itself. */
export function Fault({ error, onAgain = null }) {
  if (!error) return null;
  const words = onAgain && error.isOutage ? say("app.trying_again", { reason: error.message }) : explain(error);
  return html`<p class="notice fault" role="alert">${words}
    ${onAgain && html` <button type="button" class="quiet" onClick=${onAgain}>${say("app.try_again")}</button>`}</p>`;
}

/**
 * An action of a form or button: it runs once at a time, and its fault is kept until the next try.
 * @param {(...given: any[]) => Promise<unknown>} run
 * @returns {{ act: (...given: any[]) => Promise<boolean>, isBusy: boolean, error: any, forget: () => void }}
 */
export function useAction(run) {
  const [state, setState] = useState({ isBusy: false, error: null });
  const isRunning = useRef(false);
  const latest = useRef(run);
  latest.current = run;
  const act = useCallback(async (...given) => {
    if (isRunning.current) return false;
    isRunning.current = true;
    setState({ isBusy: true, error: null });
    let error = null;
    try {
      await latest.current(...given);
    } catch (fault) {
      error = fault;
    }
    isRunning.current = false;
    setState({ isBusy: false, error });
    return error === null;
  }, []);
  const forget = useCallback(() => setState({ isBusy: false, error: null }), []);
  return { act, ...state, forget };
}
