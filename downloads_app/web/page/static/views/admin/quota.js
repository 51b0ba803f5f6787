/** How much a user may keep: as everybody, without a limit of their own, or so many gigabytes. */

import { announce } from "../../announcer.js";
import { bytes } from "../../format.js";
import { changeUser } from "../../settings_api.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Submit, TextField, valuesOf } from "../settings/fields.js";

const GIGABYTE = 1e9;

export function Quota({ account, onChange }) {
  const { act, isBusy, error } = useAction(async ({ gigabytes }) => {
    const quota = gigabytes === "" ? null : Math.round(Number(gigabytes) * GIGABYTE);
    await changeUser(account.id, { quota_bytes: quota });
    announce(quota === null ? say("users.quota_general") : say("users.own_quota", { quota: bytes(quota) }));
    await onChange();
  });
  const own = account.quota_bytes === null ? "" : String(account.quota_bytes / GIGABYTE);
  return html`<section class="block" aria-labelledby="user-quota-title"><h3 id="user-quota-title">${say("users.quota")}</h3>
    <form class="one-line" key=${own} onSubmit=${(event) => act(valuesOf(event))}>
      <${TextField} id="user-quota" name="gigabytes" type="number" min="0" max="9000000" step="any" label=${say("users.quota_label")} defaultValue=${own} />
      <${Submit} isBusy=${isBusy}>${say("settings.save")}<//>
    </form>
    <small class="hint">${say("users.quota_hint")}</small>
    <${Fault} error=${error} /></section>`;
}
