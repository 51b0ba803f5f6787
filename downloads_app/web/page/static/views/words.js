/** All words of the views. Another language needs only another file like this one. */

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const spans = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/**
 * "2026-01-31T12:00:00Z" in the reader's own time zone and language.
 * @param {string | null | undefined} time
 */
export function when(time) {
  return time === null || time === undefined ? "" : dates.format(new Date(time));
}

/**
 * "in 3 minutes", "2 hours ago".
 * @param {string} time
 */
export function away(time, now = Date.now()) {
  const seconds = (Date.parse(time) - now) / 1000;
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS[STEPS.length - 1];
  return spans.format(Math.round(seconds / length), unit);
}

/** @type {Record<string, string>} */
export const STATUS_WORDS = {
  pending: "Waiting",
  downloading: "Downloading",
  paused: "Paused",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** @type {Record<string, string>} */
export const ACTION_WORDS = {
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  retry: "Try again",
};

/** @type {Record<string, string>} */
export const EVENT_WORDS = {
  created: "Added",
  claimed: "Taken up by a worker",
  first_byte: "First byte",
  waiting: "Waits",
  retried: "Tried again",
  paused: "Paused",
  resumed: "Resumed",
  cancelled: "Cancelled",
  priority: "Priority changed",
  handed_back: "Handed back by a worker that stops",
  rescued: "Taken from a worker that was gone",
  failed: "Failed",
  verified: "Every file compared with what its provider tells",
  completed: "Completed",
};

export const WORDS = {
  cancelQuestion: "Cancel this download? The part of its files that is not finished is removed.",
  deleteQuestion: "Remove this download from the list?",
  deleteFiles: "Remove the files too",
  keepFiles: "Keep the files",
  stay: "Do nothing",
  nothingWaits: "Nothing is paused, and nothing waits.",
  nothingEnded: "No download has ended here with these filters.",
  more: "More",
  loading: "Loading…",
};
