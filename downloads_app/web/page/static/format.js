/** Formats numbers and times for people, in the language of the page. No DOM, no clock of its own. */

import { locale, say } from "./words.js";

const GAP = "\u00a0"; // a number and its unit stay on one line

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"].map((unit) => nameOfUnit(unit));
const BY_DIGITS = [0, 1, 2].map((digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/**
 * What the language calls a unit, as short as can be: "MB", "h".
 * @param {string} unit
 * @param {"narrow" | "short"} [unitDisplay]
 */
function nameOfUnit(unit, unitDisplay = "narrow") {
  const parts = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay }).formatToParts(2);
  return parts.find(({ type }) => type === "unit")?.value ?? unit;
}

/** 1234567 -> "1.23 MB": decimal units, three digits. */
export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${BY_DIGITS[digits].format(value)}${GAP}${UNITS[unit]}`;
}

export function speed(bytesPerSecond) {
  return say("unit.speed", { amount: bytes(bytesPerSecond) });
}

/** @type {[string, number][]} */
const SPANS = [[nameOfUnit("day"), 86400], [nameOfUnit("hour"), 3600], [nameOfUnit("minute", "short"), 60], [nameOfUnit("second"), 1]];

/** 3725 -> "1 h 2 min": only the two largest parts; nobody needs the third. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const first = SPANS.findIndex(([, length]) => whole >= length);
  if (first === -1) return `0${GAP}${SPANS[SPANS.length - 1][0]}`;
  const [unit, length] = SPANS[first];
  const parts = [`${Math.floor(whole / length)}${GAP}${unit}`];
  const next = SPANS[first + 1];
  const rest = next ? Math.floor((whole % length) / next[1]) : 0;
  if (rest > 0) parts.push(`${rest}${GAP}${next[0]}`);
  return parts.join(" ");
}

/** 0.999 -> "99 %": 100 only when all is here. */
export function percent(fraction) {
  return say("unit.percent", { count: Math.floor(fraction * 100) });
}

/** The share that is here, 0 to 1; null if the total is unknown. */
export function fraction(currentBytes, totalBytes) {
  if (totalBytes === null || totalBytes === undefined) return null;
  return totalBytes === 0 ? 1 : Math.min(1, currentBytes / totalBytes);
}

/** "12.3 MB of 40 MB", or "12.3 MB" while the whole is not known. */
export function amount(currentBytes, totalBytes) {
  const part = bytes(currentBytes);
  return totalBytes === null ? part : say("amount.of", { part, whole: bytes(totalBytes) });
}
