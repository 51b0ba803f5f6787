/** Formats numbers for people. Pure: no DOM, no clock. */

const GAP = "\u00a0"; // a number and its unit stay on one line

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** 1234567 -> "1.23 MB": decimal units, three digits. */
export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${GAP}${UNITS[unit]}`;
}

export function speed(bytesPerSecond) {
  return `${bytes(bytesPerSecond)}/s`;
}

/** @type {[string, number][]} */
const SPANS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** 3725 -> "1 h 2 min": only the two largest parts; nobody needs the third. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const first = SPANS.findIndex(([, length]) => whole >= length);
  if (first === -1) return `0${GAP}s`;
  const [unit, length] = SPANS[first];
  const parts = [`${Math.floor(whole / length)}${GAP}${unit}`];
  const next = SPANS[first + 1];
  const rest = next ? Math.floor((whole % length) / next[1]) : 0;
  if (rest > 0) parts.push(`${rest}${GAP}${next[0]}`);
  return parts.join(" ");
}

/** 0.999 -> "99 %": 100 only when all is here. */
export function percent(fraction) {
  return `${Math.floor(fraction * 100)}${GAP}%`;
}

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

/** The share that is here, 0 to 1; null if the total is unknown. */
export function fraction(currentBytes, totalBytes) {
  if (totalBytes === null || totalBytes === undefined) return null;
  return totalBytes === 0 ? 1 : Math.min(1, currentBytes / totalBytes);
}
