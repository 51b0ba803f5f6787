/** All providers; each has a page of its own. */

import { address } from "../../http.js";
import { testProvider } from "../../settings_api.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useRows } from "../paging.js";
import { explain, useAction } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";
import { NewProviderView } from "./new_provider.js";
import { ProviderView } from "./provider.js";

const EVERY_SECONDS = 30;
export const SECRETS = ["token", "password", "header", "client_certificate", "proxy"];

export function ProvidersView({ route }) {
  const row = route.parts[1];
  if (row === "new") return html`<${NewProviderView} />`;
  return row ? html`<${ProviderView} id=${row} />` : html`<${Providers} />`;
}

function Providers() {
  const list = useRows("providers", {}, EVERY_SECONDS);
  return html`<${Heading} title=${say("admin.providers")}><a data-inside class="act" role="button" href=${address("admin/providers/new")}>${say("providers.new")}</a><//>
    <${Rows} list=${list} label=${say("admin.providers")} nothing=${say("add.no_provider")} entry=${(one) => html`<${Provider} key=${one.id} provider=${one} />`} />`;
}

function Provider({ provider }) {
  const { id, name, kind, url, paused_at: paused } = provider;
  const [answer, setAnswer] = useState(null);
  const { act, isBusy, error } = useAction(async () => {
    setAnswer(null);
    await testProvider(id);
    setAnswer(say("providers.answers"));
  });
  const stored = SECRETS.filter((secret) => provider[`has_${secret}`]).map((secret) => sayNamed("secret", secret));
  const told = error ? html`<p class="entry-reason bad" role="alert">${explain(error)}</p>` : answer && html`<p class="entry-reason good" role="status">${answer}</p>`;
  return html`<${Entry} id=${id} name=${name} href=${address(`admin/providers/${id}`)} badges=${[[sayNamed("kind", kind), "plain"], paused && [say("status.paused"), "warn"]]}
    facts=${[url && html`<bdi class="anywhere">${url}</bdi>`, ...stored]} below=${told}>
    <button type="button" class="quiet" aria-busy=${isBusy} aria-label=${say("providers.test_which", { name })} onClick=${() => act()}>${say("providers.test")}</button><//>`;
}
