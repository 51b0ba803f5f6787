/** What of the history is shown: by name, status, provider, user and time. */

import { getUsers } from "../api.js";
import { html, useEffect, useState } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { useAnswer } from "./loading.js";
import { PAGE_SIZE } from "./paging.js";

const ENDED = ["completed", "failed", "cancelled"];
const TYPING_MILLISECONDS = 350;
const DAY_MILLISECONDS = 86_400_000;
/** @type {Record<string, number>} */
const DAYS = { day: 1, week: 7, month: 30, year: 365 };

/** @typedef {{ search: string, status: string, provider: string, user: string, within: string }} FilterValues */

/**
 * @param {URLSearchParams} query of the page's address
 * @returns {FilterValues}
 */
export function readFilters(query) {
  const read = (name) => query.get(name) ?? "";
  const [status, within] = [read("status"), read("within")];
  return {
    search: read("search").slice(0, 200), status: ENDED.includes(status) ? status : "", provider: read("provider"), user: read("user"),
    within: within in DAYS ? within : "",
  };
}

/**
 * The query of REST for these filters.
 * @param {FilterValues} filters
 */
export function asQuery({ search, status, provider, user, within }, now = Date.now()) {
  const query = new URLSearchParams((status ? [status] : ENDED).map((one) => ["status", one]));
  query.set("sort", "-completed_at");
  query.set("page_size", String(PAGE_SIZE));
  if (search) query.set("search", search);
  if (provider) query.set("provider_id", provider);
  if (user) query.set("user_id", user);
  if (within) query.set("since", new Date(now - DAYS[within] * DAY_MILLISECONDS).toISOString());
  return query.toString();
}

export function Filters({ filters, providers, isAdmin, onChange }) {
  const set = (name) => (event) => onChange({ ...filters, [name]: event.currentTarget.value });
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    <${Search} text=${filters.search} onChange=${(search) => onChange({ ...filters, search })} />
    <${Choice} label=${say("history.status")} value=${filters.status} onChange=${set("status")} all=${say("history.all")}
      options=${ENDED.map((one) => [one, sayNamed("history", one)])} />
    <${Choice} label=${say("add.provider")} value=${filters.provider} onChange=${set("provider")} all=${say("history.any")}
      options=${providers.map(({ id, name }) => [id, name])} />
    ${isAdmin && html`<${UserChoice} value=${filters.user} onChange=${set("user")} />`}
    <${Choice} label=${say("history.when")} value=${filters.within} onChange=${set("within")} all=${say("history.any_time")}
      options=${Object.keys(DAYS).map((one) => [one, sayNamed("within", one)])} />
  </form>`;
}

function Choice({ label, value, onChange, all, options }) {
  return html`<label>${label} <select value=${value} onChange=${onChange}><option value="">${all}</option>
    ${options.map(([key, words]) => html`<option key=${key} value=${key}>${words}</option>`)}</select></label>`;
}

function UserChoice({ value, onChange }) {
  const { answer: users } = useAnswer(getUsers, "users");
  return html`<${Choice} label=${say("history.user")} value=${value} onChange=${onChange} all=${say("history.any")}
    options=${(users ?? []).map(({ id, username }) => [id, username])} />`;
}

/** Searches when its reader stops typing. */
function Search({ text, onChange }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed.trim() === text) return undefined;
    const timer = setTimeout(() => onChange(typed.trim()), TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return html`<label class="filters-search">${say("history.search")} <input type="search" value=${typed} maxlength="200" autocapitalize="none"
    spellcheck=${false} onInput=${(event) => setTyped(event.currentTarget.value)} /></label>`;
}
