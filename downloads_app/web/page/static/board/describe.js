/** A download in words: how it ended, why it waits, how long it will take, what to do about a failure. Pure. */

import { bytes, duration } from "../format.js";
import { away } from "../times.js";
import { say } from "../words.js";
import { STALLED_SECONDS } from "./silence.js";

/**
 * What a reason says, and what to do about it; the first that fits holds. Names in quotes are left out before.
 * @type {[RegExp, import("../words.js").Key][]}
 */
const ADVICE = [
  [/sha-?256|sha-?1\b|md5|checksum|not those of the commit|instead of the file|does not begin as|more than was announced/i, "advice.content"],
  [/private address|not encrypted, and the provider/i, "advice.address"],
  [/certificate/i, "advice.certificate"],
  [/list of addresses/i, "advice.address_list"],
  [/gated|conditions|licen[cs]e/i, "advice.gated"],
  [/not found, or it is private/i, "advice.private"],
  [/no name that|no repository here|has no revisions|names a revision already|neither a tag nor|not found|\b404\b|\b410\b|no repository|no (such )?revision|does not have it/i, "advice.missing"],
  [/^there is nothing to download/i, "advice.nothing"],
  [/\b40[13]\b|refuses|token|forbidden|unauthori[sz]ed|signatures?\b/i, "advice.token"],
  [/quota/i, "advice.quota"],
  [/\bdisk|\broom\b|\bspace\b|\bfits?\b/i, "advice.room"],
  [/^refused the|listing|list of files|its (manifest|tree)|manifest\.json|as a (hub|registry) does|is too large/i, "advice.listing"],
  [/resolve|refused|unreachable|timed out|no route|did not answer|not answer|name is not known|no connection can|no answer in time|closed the connection/i, "advice.unreachable"],
  [/gave up/i, "advice.gave_up"],
];
/** @type {import("../words.js").Key[]} after which a later try goes on with what is here */
const PASSING = ["advice.unreachable", "advice.gave_up"];
const SUM = /\b([0-9a-f]{12})[0-9a-f]{20,}\b/gi; // of an MD5 or longer
const QUOTED = /(?<!\w)(['"]).*?\1(?!\w)/g;

/**
 * How a download ended, in one sentence. Of a sum, its beginning: 64 digits leave no room for the rest, and nobody listens to them.
 * @param {any} download
 */
export function outcomeOf({ status, error_message: reason, started_at: start, completed_at: end, progress_data: progress }) {
  const size = bytes(progress?.current_bytes ?? 0);
  switch (status) {
    case "completed":
      return start && end ? say("outcome.completed_in", { time: duration((Date.parse(end) - Date.parse(start)) / 1000), size }) : say("outcome.completed", { size });
    case "failed": return say("outcome.failed", { reason: reason?.replace(SUM, "$1…") ?? say("outcome.no_reason") });
    case "cancelled": return say("outcome.cancelled");
    case "paused": return say("outcome.paused");
    case "pending": return say("row.waiting");
    case "downloading": return say("row.goes_on");
    default: return say("outcome.removed");
  }
}

/**
 * What to do about a failure; "" for a download that has not failed.
 * @param {any} download
 */
export function adviceFor({ status, error_message: reason, progress_data: progress }) {
  if (status !== "failed") return "";
  const isBegun = progress?.current_bytes > 0;
  const key = adviceKey(reason ?? "");
  if (key === undefined) return say(isBegun ? "advice.go_on" : "advice.other");
  return isBegun && PASSING.includes(key) ? say("advice.and_kept", { advice: say(key) }) : say(key);
}

/**
 * What to do where a provider's answer is this; "" if we do not know.
 * @param {string} reason
 */
export function adviceOn(reason) {
  const key = adviceKey(reason);
  return key === undefined ? "" : say(key);
}

function adviceKey(reason) {
  const unquoted = reason.replace(QUOTED, "");
  return ADVICE.find(([pattern]) => pattern.test(unquoted))?.[1];
}

/**
 * Why a pending download waits, and when it is tried next. `detail` is REST's row, or null while it is not here yet.
 * @param {any} detail
 */
export function reasonOf(detail, now = Date.now()) {
  if (detail?.status !== "pending") return "";
  const reason = detail.wait_reason ?? say("row.its_turn");
  const isAhead = detail.next_attempt_at && Date.parse(detail.next_attempt_at) > now;
  return isAhead ? say("outcome.next_try", { reason, when: away(detail.next_attempt_at, now) }) : reason;
}

/**
 * How long an active download will take.
 * @param {any} download
 * @param {import("./silence.js").Silence} silence
 */
export function timeLeft({ status, progress_data: { eta_seconds: eta, download_speed: pace } }, silence, now = Date.now() / 1000) {
  if (status === "pending") return say("row.waiting");
  if (eta === 0) return say("row.finishing");
  if (eta !== null) return say("amount.left", { time: duration(eta) });
  if (pace > 0) return "";
  if (now - silence.since >= STALLED_SECONDS) return say("row.stalled");
  return silence.isBegun ? "" : say("row.starting");
}

/**
 * Which file of how many is under way.
 * @param {any} progress
 */
export function filesDone({ files_completed: completed, total_files: total, current_file: current }) {
  if (total === null) return "";
  return say("row.file_of", { present: current === null ? completed : Math.min(completed + 1, total), total });
}
