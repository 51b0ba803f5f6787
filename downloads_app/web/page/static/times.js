/** Formats points in time for people, in the language of the page and the reader's own time zone. */

import { locale } from "./words.js";

const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const spans = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
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
