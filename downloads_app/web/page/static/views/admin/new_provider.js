/** Adding a provider. */

import { announce } from "../../announcer.js";
import { address } from "../../http.js";
import { go } from "../../router.js";
import { addProvider } from "../../settings_api.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Heading } from "../settings/layout.js";
import { ProviderForm } from "./provider_form.js";

export function NewProviderView() {
  async function save(fields) {
    const { name } = await addProvider(fields);
    announce(say("providers.added", { name }));
    go("admin/providers");
  }
  return html`<${Heading} title=${say("providers.new")} lead=${say("providers.new_lead")} back=${["admin/providers", say("admin.providers")]} />
    <${ProviderForm} provider=${null} onSave=${save}><a data-inside role="button" class="quiet" href=${address("admin/providers")}>${say("settings.cancel")}</a><//>`;
}
