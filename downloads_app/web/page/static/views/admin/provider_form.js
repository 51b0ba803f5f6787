/** The form of a provider, new or stored: address, sign-in, network; with a test before anything is saved. */

import { testProvider } from "../../settings_api.js";
import { html, useRef, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Choice, Field, hintId, Submit, TextField } from "../settings/fields.js";
import { KINDS } from "./provider_kinds.js";
import { Network } from "./provider_network.js";
import { SignInWay } from "./provider_sign_in.js";
import { fieldsOf } from "./provider_values.js";

/**
 * `provider` is the stored one, or null for a new one. `onSave(fields)` saves; after it the form is drawn anew, so that
 * no secret stays in it.
 */
export function ProviderForm({ provider, onSave, children = null }) {
  const form = useRef(null);
  const [kind, setKind] = useState(provider?.kind ?? "huggingface");
  const [isGood, setGood] = useState(false);
  const read = () => {
    const values = Object.fromEntries(new FormData(form.current));
    return { ...fieldsOf(values, provider), ...(provider ? {} : { name: values.name, kind }) };
  };
  const saving = useAction(() => onSave(read()));
  const testing = useAction(async () => {
    setGood(false);
    await testProvider(provider?.id ?? null, read());
    setGood(true);
  });
  function test() {
    saving.forget();
    if (form.current.reportValidity()) testing.act();
  }
  function save(event) {
    event.preventDefault();
    testing.forget();
    setGood(false);
    saving.act();
  }
  const { hasList, hasRegion } = KINDS[kind];
  const kinds = Object.keys(KINDS).map((one) => [one, sayNamed("kind", one)]);
  return html`<form ref=${form} class="panel form" onSubmit=${save} onInput=${() => setGood(false)}>
    ${!provider && html`<div class="side-by-side">
      <${TextField} id="provider-name" name="name" label=${say("providers.name")} hint=${say("providers.name_hint")} required maxlength=${80} />
      <${Choice} id="provider-kind" name="kind" label=${say("providers.kind")} hint=${sayNamed("kind_hint", kind)} choices=${kinds} value=${kind}
        onChange=${(event) => setKind(event.currentTarget.value)} />
    </div>`}
    <${TextField} id="provider-url" name="url" type="url" label=${say("providers.url")} hint=${say(hasList ? "providers.url_list_hint" : "providers.url_hint")}
      placeholder=${sayNamed("example", kind)} required=${!hasList} defaultValue=${provider?.url ?? ""} />
    ${hasList && html`<${Field} id="provider-list" label=${say("providers.list")} hint=${say(provider ? "providers.list_stored_hint" : "providers.list_hint")}>
      <textarea id="provider-list" name="address_list" rows="6" spellcheck=${false} required=${!provider} aria-describedby=${hintId("provider-list")}></textarea><//>`}
    <${SignInWay} key=${kind} kind=${kind} provider=${provider} />
    <${Network} provider=${provider} hasRegion=${hasRegion ?? false} />
    <${Fault} error=${testing.error ?? saving.error} />
    ${isGood && html`<p class="notice good" role="status">${say("providers.answers")}</p>`}
    <p class="answers">${children}<button type="button" class="quiet" aria-busy=${testing.isBusy} onClick=${test}>${say("providers.test")}</button>
      <${Submit} isBusy=${saving.isBusy}>${say(provider ? "settings.save" : "providers.add")}<//></p>
  </form>`;
}
