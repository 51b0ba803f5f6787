/** One provider, for an admin: what can be changed of it, and its end. */

import { announce } from "../../announcer.js";
import { ask } from "../../dialogs.js";
import { go } from "../../router.js";
import { changeProvider, getProvider, removeProvider } from "../../settings_api.js";
import { when } from "../../times.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useAnswer } from "../loading.js";
import { Fault, useAction } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";
import { Pause } from "./pause.js";
import { ProviderForm } from "./provider_form.js";

export function ProviderView({ id }) {
  const { answer: provider, error, again } = useAnswer(() => getProvider(id), id);
  const [saves, setSaves] = useState(0);
  const back = ["admin/providers", say("admin.providers")];
  async function save(fields) {
    await changeProvider(id, fields);
    await again();
    setSaves(saves + 1);
  }
  if (error?.status === 404) return html`<${Heading} title=${say("admin.providers")} back=${back} /><p class="notice" role="alert">${say("providers.gone")}</p>`;
  if (!provider) return html`<${Heading} title=${say("admin.providers")} back=${back} /><${Fault} error=${error} onAgain=${again} />`;
  return html`<${Heading} key="known" title=${provider.name} back=${back}><span class="badge" data-kind="plain">${sayNamed("kind", provider.kind)}</span>
      ${provider.paused_at && html`<span class="badge" data-kind="warn">${say("status.paused")}</span>`}<//>
    <p class="quiet-text">${say("providers.changed_at", { when: when(provider.updated_at) })}</p>
    ${saves > 0 && html`<${Told} key=${saves}>${say("providers.saved", { name: provider.name })}<//>`}
    <${ProviderForm} key=${saves} provider=${provider} onSave=${save} />
    <section class="block" aria-labelledby="provider-pause"><h3 id="provider-pause">${say("action.pause")}</h3>
      <${Pause} pausedAt=${provider.paused_at} words=${{ lead: say("providers.pause_lead"), paused: "providers.paused_since" }} onToggle=${async (paused) => {
        await changeProvider(id, { paused });
        await again();
      }} /></section>
    <${End} provider=${provider} />`;
}

/** What was done. It takes the focus of the form that was drawn anew. */
function Told({ children }) {
  const line = useRef(null);
  useEffect(() => line.current.focus(), []);
  return html`<p ref=${line} class="notice good" tabindex="-1">${children}</p>`;
}

function End({ provider }) {
  const { id, name } = provider;
  const { act, error, isBusy } = useAction(async () => {
    await removeProvider(id);
    announce(say("providers.removed", { name }));
    go("admin/providers");
  });
  async function remove() {
    if (await ask(say("providers.remove_question", { name }), [["yes", say("providers.remove")]])) act();
  }
  return html`<section class="block dangerous" aria-labelledby="provider-end"><h3 id="provider-end">${say("providers.end")}</h3>
    <div class="with-button"><p>${say("providers.remove_lead")}</p>
      <button type="button" class="quiet" data-kind="danger" aria-busy=${isBusy} onClick=${remove}>${say("providers.remove")}</button></div>
    <${Fault} error=${error} />
  </section>`;
}
