/** How requests to a provider are signed in. What is stored can be replaced or removed, never read. */

import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { TextField } from "../settings/fields.js";
import { FIELDS_OF_WAY, KINDS, wayOf } from "./provider_kinds.js";

const PLAIN = new Set(["username", "header_name"]);

export function SignInWay({ kind, provider }) {
  const stored = wayOf(provider);
  const [way, setWay] = useState(stored === "none" ? "none" : "keep");
  const ways = [...(stored === "none" ? [] : ["keep"]), ...KINDS[kind].ways];
  const isStore = kind === "s3";
  const label = (one) => (one === "keep" ? say("providers.keep", { what: sayNamed("secret", stored) }) : sayNamed("way", isStore && one === "password" ? "access_key" : one));
  return html`<fieldset class="ways"><legend>${say("providers.way")}</legend>
    ${ways.map((one) => html`<label key=${one} class="way"><input type="radio" name="way" value=${one} checked=${one === way} onChange=${() => setWay(one)} /> ${label(one)}</label>`)}
    ${way !== "keep" && FIELDS_OF_WAY[way].length > 0 && html`<div class="side-by-side" key=${way}>${FIELDS_OF_WAY[way].map((name) => html`<${TextField} key=${name}
      id=${`provider-${name}`} name=${name} type=${PLAIN.has(name) ? "text" : "password"} autocomplete=${PLAIN.has(name) ? "off" : "new-password"}
      label=${isStore && way === "password" ? sayNamed("store_field", name) : sayNamed("secret_field", name)} required maxlength=${8192} />`)}</div>`}
    ${way !== "none" && html`<small class="hint">${say("providers.secret_hint")}</small>`}
  </fieldset>`;
}
