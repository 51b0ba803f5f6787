/** Makes what REST takes of what a provider's form has. Pure. */

import { FIELDS_OF_WAY } from "./provider_kinds.js";

const SECRET_FIELDS = ["token", "username", "password", "header_name", "header_value"];
const STORED = { client_certificate: "has_client_certificate", proxy_url: "has_proxy" };

/**
 * The fields to send: all that are filled in for a new provider, and those that differ for a stored one. A secret that
 * is left empty stays as it is; "forget" boxes, and another way to sign in, remove it.
 * @param {Record<string, any>} values of the form
 * @param {any} provider the stored one, or null
 * @returns {Record<string, any>}
 */
export function fieldsOf(values, provider) {
  const plain = {
    url: values.url.trim(),
    allow_private_network: values.allow_private_network === "on",
    allow_hosts: linesOf(values.allow_hosts),
    max_connections: values.max_connections === "" ? null : Number(values.max_connections),
    ca_file: values.ca_file.trim() || null,
    ...(values.region === undefined ? {} : { region: values.region.trim() || null }),
  };
  const changed = Object.entries(plain).filter(([name, value]) => !isSame(value, provider ? provider[name] : undefined));
  const list = values.address_list?.trim() ? { address_list: values.address_list } : {};
  return { ...Object.fromEntries(changed), ...list, ...signIn(values), ...others(values, provider) };
}

/** What signs requests in: nothing to send where the stored one stays. */
function signIn(values) {
  if (values.way === "keep") return {};
  const wanted = FIELDS_OF_WAY[values.way];
  return Object.fromEntries(SECRET_FIELDS.map((name) => [name, wanted.includes(name) ? values[name] : null]));
}

function others(values, provider) {
  /** @type {[string, unknown][]} */
  const found = [];
  for (const [name, stored] of Object.entries(STORED)) {
    if (values[name]?.trim()) found.push([name, values[name].trim()]);
    else if (provider?.[stored] && values[`forget_${name}`] === "on") found.push([name, null]);
  }
  return Object.fromEntries(found);
}

function linesOf(text) {
  return text.split(/\s+/).filter(Boolean);
}

function isSame(one, other) {
  if (other === undefined) return one === null || one === false || (Array.isArray(one) && one.length === 0) || one === "";
  return JSON.stringify(one) === JSON.stringify(other);
}
