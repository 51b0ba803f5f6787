/** What each kind of provider takes: in which ways requests can be signed in, the usual first, and what else. Pure. */

/**
 * @typedef {"none" | "token" | "password" | "header"} Way
 * @typedef {{ ways: Way[], hasList?: boolean, hasRegion?: boolean }} Kind
 */

/** @type {Record<string, Kind>} in the order in which they are offered */
export const KINDS = {
  huggingface: { ways: ["none", "token", "password", "header"] },
  http: { ways: ["none", "token", "password", "header"] },
  s3: { ways: ["none", "password", "token", "header"], hasRegion: true },
  oci: { ways: ["none", "password", "token", "header"] },
  lfs: { ways: ["none", "password", "token", "header"] },
  urls: { ways: ["none", "token", "password", "header"], hasList: true },
};

/** The fields of each way; all are secrets that can be written and never read back. @type {Record<Way, string[]>} */
export const FIELDS_OF_WAY = { none: [], token: ["token"], password: ["username", "password"], header: ["header_name", "header_value"] };

/** The way that a stored provider uses; "none" if nothing is stored. @returns {Way} */
export function wayOf(provider) {
  if (provider?.has_token) return "token";
  if (provider?.has_password) return "password";
  return provider?.has_header ? "header" : "none";
}
