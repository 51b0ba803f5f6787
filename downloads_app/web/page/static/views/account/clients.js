/** What a `User-Agent` says of the client, in two words: "Firefox, Linux". Pure. */

/** @type {[RegExp, string][]} The first that fits: later ones also stand in the earlier ones' texts. */
const PROGRAMS = [
  [/\bEdgA?\//, "Edge"], [/\bOPR\//, "Opera"], [/\bVivaldi\//, "Vivaldi"], [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"], [/\bHeadlessChrome\//, "Chrome"], [/\bChrom(e|ium)\/|\bCriOS\//, "Chrome"],
  [/\bVersion\/[\d.]+.*\bSafari\//, "Safari"], [/^curl\//, "curl"], [/^python-requests\//, "Python requests"], [/^Wget\//, "Wget"],
];
/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\bAndroid\b/, "Android"], [/\biPhone\b/, "iPhone"], [/\biPad\b/, "iPad"], [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"], [/\bCrOS\b/, "ChromeOS"], [/\bLinux\b/, "Linux"],
];

/**
 * The client's program and system; its own text where we know neither; null if it told nothing.
 * @param {string | null} told
 */
export function nameClient(told) {
  if (!told) return null;
  const named = [PROGRAMS, SYSTEMS].map((known) => known.find(([pattern]) => pattern.test(told))?.[1]).filter(Boolean);
  return named.length > 0 ? named.join(", ") : told;
}
