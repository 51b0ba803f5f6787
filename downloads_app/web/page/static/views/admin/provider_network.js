/** How a provider is reached: how many connections, which private addresses, by which proxy and certificates. */

import { html } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { Field, hintId, TextField, Tick } from "../settings/fields.js";

const CERTIFICATE_ROWS = 5;

export function Network({ provider, hasRegion }) {
  const { max_connections: most = null, allow_private_network: isPrivate = false, allow_hosts: hosts = [], region = null, ca_file: authority = null } = provider ?? {};
  return html`<details class="further" open=${isPrivate || hosts.length > 0 || most !== null}><summary>${say("providers.network")}</summary>
    <${Tick} id="provider-private" name="allow_private_network" label=${say("providers.private")} hint=${say("providers.private_hint")} defaultChecked=${isPrivate} />
    <div class="side-by-side">
      <${TextField} id="provider-most" name="max_connections" type="number" min="1" max="1000" label=${say("providers.most")} hint=${say("providers.most_hint")} defaultValue=${most ?? ""} />
      ${hasRegion && html`<${TextField} id="provider-region" name="region" label=${say("providers.region")} hint=${say("providers.region_hint")} defaultValue=${region ?? ""} />`}
    </div>
    <${Field} id="provider-hosts" label=${say("providers.hosts")} hint=${say("providers.hosts_hint")}>
      <textarea id="provider-hosts" name="allow_hosts" rows="2" spellcheck=${false} aria-describedby=${hintId("provider-hosts")} defaultValue=${hosts.join("\n")}></textarea><//>
    <${TextField} id="provider-ca" name="ca_file" label=${say("providers.authority")} hint=${say("providers.authority_hint")} defaultValue=${authority ?? ""} />
    <${TextField} id="provider-proxy" name="proxy_url" type="password" autocomplete="new-password" label=${say("providers.proxy")} hint=${say("providers.proxy_hint")} />
    <${Forget} provider=${provider} name="proxy_url" flag="has_proxy" />
    <${Field} id="provider-certificate" label=${say("providers.certificate")} hint=${say("providers.certificate_hint")}>
      <textarea id="provider-certificate" name="client_certificate" rows=${CERTIFICATE_ROWS} spellcheck=${false} autocomplete="off" aria-describedby=${hintId("provider-certificate")}></textarea><//>
    <${Forget} provider=${provider} name="client_certificate" flag="has_client_certificate" />
  </details>`;
}

/** A box that removes what is stored; nothing if nothing is. */
function Forget({ provider, name, flag }) {
  if (!provider?.[flag]) return null;
  return html`<${Tick} id=${`forget-${name}`} name=${`forget_${name}`} label=${say("providers.forget", { what: sayNamed("secret", flag.slice("has_".length)) })} />`;
}
