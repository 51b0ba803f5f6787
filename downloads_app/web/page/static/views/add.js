/** Adding a download: find a repository by a name or an address, look at its plan, begin. */

import { getLatestProvider, getProviders, searchProvider } from "../api.js";
import { address } from "../http.js";
import { when } from "../times.js";
import { html, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { useAnswer, useRetry } from "./loading.js";
import { PlanView } from "./plan.js";
import { readReference, unknownProvider } from "./reference.js";
import { Fault } from "./settings/faults.js";

const TYPING_MILLISECONDS = 300;
const SEARCHED_FROM = 2; // characters
const WITH_REVISIONS = new Set(["huggingface", "oci", "lfs"]);

export function AddView({ user }) {
  const { answer, error, again } = useAnswer(() => getChoice(user), "providers");
  const [providerId, setProviderId] = useState(null);
  const [text, setText] = useState("");
  const [revision, setRevision] = useState("");
  const [target, setTarget] = useState(null);
  const field = useRef(null);
  useEffect(() => field.current?.focus(), [answer === null]);
  if (error && !answer) return html`<${Fault} error=${error} onAgain=${again} />`;
  if (!answer) return html`<p class="quiet-text">${say("app.loading")}</p>`;
  const { providers, usual } = answer;
  if (providers.length === 0) return html`<${NeedsProvider} isAdmin=${user.role === "admin"}><strong>${say("add.no_provider")}</strong><//>`;
  const provider = providers.find(({ id }) => id === (providerId ?? usual)) ?? providers.find(({ can_search: can }) => can) ?? providers[0];
  const named = readReference(text, providers, provider);
  const unknown = unknownProvider(text, providers);
  const hasRevisions = WITH_REVISIONS.has((named?.provider ?? provider).kind);

  /** The revision that the text names comes before that of its own field. */
  function plan(wanted) {
    setTarget({ ...wanted, revision: wanted.revision ?? (hasRevisions ? revision.trim() || null : null) });
  }
  function submit(event) {
    event.preventDefault();
    if (named) plan(named);
  }
  /** The arrows lead from the field to what was found, and back; with another key, or in an input method, they mean something else. */
  function step(event) {
    if (event.isComposing || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [field.current, ...document.querySelectorAll(".found-row")];
    const next = by && stops[stops.indexOf(event.target) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
  return html`<h2>${say("add.title")}</h2>
    <form class="find" onSubmit=${submit}>
      <label class="find-text">${say("add.what")}
        <input ref=${field} type="text" value=${text} placeholder=${say("add.example")} autocapitalize="none" autocomplete="off" spellcheck=${false}
          onInput=${(event) => { setText(event.currentTarget.value); setTarget(null); }} onKeyDown=${step} />
      </label>
      ${providers.length > 1 && html`<label>${say("add.provider")} <select value=${provider.id} onChange=${(event) => { setProviderId(event.currentTarget.value); setTarget(null); }}>
        ${providers.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
      </select></label>`}
      ${hasRevisions && html`<label>${say("download.revision")}
        <input type="text" value=${revision} maxlength="200" autocapitalize="none" autocomplete="off" spellcheck=${false}
          onInput=${(event) => { setRevision(event.currentTarget.value); setTarget(null); }} />
      </label>`}
      <button type="submit" disabled=${!named}>${say("add.look")}</button>
    </form>
    ${/^https?:/i.test(text.trim()) && !named && html`<${NeedsProvider} isAdmin=${user.role === "admin"}>${say("add.no_provider_serves")}<//>`}
    ${!named && unknown && html`<p class="quiet-text" role="status">${say("add.unknown_provider", { name: unknown })}</p>`}
    ${!target && !unknown && html`<${Found} provider=${provider} text=${text} onKeyDown=${step} onChoose=${(name) => {
      setText(name);
      plan({ provider, repository: name, revision: null, file: null });
    }} />`}
    ${target && html`<${PlanView} key=${`${target.provider.id} ${target.repository} ${target.revision}`} target=${target} />`}`;
}

/** All providers, and the id of the one that this user used last. */
async function getChoice(user) {
  const [providers, usual] = await Promise.all([getProviders(), getLatestProvider(user.id)]);
  return { providers, usual };
}

/** Says what is missing, and who can add it. */
function NeedsProvider({ isAdmin, children }) {
  return html`<p class="quiet-text">${children} ${isAdmin
    ? html`<a data-inside href=${address("admin/providers/new")}>${say("providers.new")}</a>`
    : say("add.ask_an_admin")}</p>`;
}

/** The search results of a searchable provider, while the user types. */
function Found({ provider, text, onChoose, onKeyDown }) {
  const [state, setState] = useState({ rows: [], asked: "", error: null });
  const [turn, setTurn] = useState(0);
  const again = () => setTurn(turn + 1);
  useRetry(state.error, again);
  const wanted = text.trim();
  const isSearched = provider.can_search && wanted.length >= SEARCHED_FROM && !/^https?:/i.test(wanted);
  useEffect(() => {
    if (!isSearched) {
      setState({ rows: [], asked: "", error: null });
      return undefined;
    }
    let isOver = false;
    const timer = setTimeout(async () => {
      try {
        const rows = await searchProvider(provider.id, wanted);
        if (!isOver) setState({ rows, asked: wanted, error: null });
      } catch (error) {
        if (!isOver) setState({ rows: [], asked: wanted, error });
      }
    }, TYPING_MILLISECONDS);
    return () => { isOver = true; clearTimeout(timer); };
  }, [provider.id, wanted, isSearched, turn]);
  if (!provider.can_search && wanted.length >= SEARCHED_FROM) return html`<p class="quiet-text">${say("add.cannot_search", { provider: provider.name })}</p>`;
  if (state.error) return html`<${Fault} error=${state.error} onAgain=${again} />`;
  if (!state.asked) return isSearched ? html`<p class="quiet-text" role="status">${say("add.searching", { provider: provider.name })}</p>` : null;
  if (state.rows.length === 0) return html`<p class="quiet-text">${say("add.nothing_found", { provider: provider.name, text: state.asked })}</p>`;
  return html`<ul class="rows found" role="list" onKeyDown=${onKeyDown}>${state.rows.map((row) => html`<li key=${row.name}>
    <button type="button" class="found-row" onClick=${() => onChoose(row.name)}>
      <strong>${row.name}</strong>
      <span>${describe(row)}</span>
    </button></li>`)}</ul>`;
}

function describe({ downloads, likes, updated_at: updated, gated, licence }) {
  return [
    gated && say("add.gated"),
    downloads !== null && say("count.downloads", { count: downloads }),
    likes !== null && say("count.likes", { count: likes }),
    licence,
    updated && when(updated),
  ].filter(Boolean).join(" · ");
}
