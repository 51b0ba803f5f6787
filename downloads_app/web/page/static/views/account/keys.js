/** API keys: made, shown once with a line to try them, listed, revoked. */

import { announce } from "../../announcer.js";
import { ask } from "../../dialogs.js";
import { revokeKey } from "../../settings_api.js";
import { away, when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useRows } from "../paging.js";
import { Fault, useAction } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";
import { NewKey } from "./new_key.js";

const EVERY_SECONDS = 30;

export function KeysView() {
  const list = useRows("keys", {}, EVERY_SECONDS);
  const revoking = useAction(async (id) => {
    await revokeKey(id);
    announce(say("keys.revoked"));
    await list.again();
  });
  async function revoke({ id, name }) {
    if (await ask(say("keys.revoke_question", { name }), [["yes", say("keys.revoke")]])) revoking.act(id);
  }
  return html`<${Heading} title=${say("account.keys")} lead=${say("keys.lead")} />
    <${NewKey} onMade=${list.again} />
    <${Fault} error=${revoking.error} />
    <${Rows} list=${list} label=${say("account.keys")} nothing=${say("keys.none")} entry=${(key) => html`<${Key} key=${key.id} apiKey=${key} onRevoke=${() => revoke(key)} />`} />`;
}

function Key({ apiKey, onRevoke }) {
  const { id, name, hint, scopes, created_at: made, expires_at: expires, last_used_at: used } = apiKey;
  const isOver = expires && Date.parse(expires) <= Date.now();
  const facts = [
    hint && html`<code>${hint}…</code>`,
    scopes.map((scope) => sayNamed("scope", scope)).join(", "),
    expires ? say(isOver ? "keys.expired" : "keys.expires", { when: when(expires) }) : say("keys.never_expires"),
    used ? say("keys.used", { when: away(used) }) : say("keys.never_used"),
    say("keys.made", { when: when(made) }),
  ];
  return html`<${Entry} id=${id} name=${name} badges=${[isOver && [say("keys.over"), "bad"]]} facts=${facts}>
    <button type="button" class="quiet" data-kind="danger" aria-label=${say("keys.revoke_which", { name })} onClick=${onRevoke}>${say("keys.revoke")}</button><//>`;
}
