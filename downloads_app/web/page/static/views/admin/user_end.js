/** Disabling an account, which can be taken back, and deleting it, which cannot. */

import { announce } from "../../announcer.js";
import { go } from "../../router.js";
import { changeUser, deleteUser } from "../../settings_api.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Submit, TextField, Tick, valuesOf } from "../settings/fields.js";

export function UserEnd({ account, onChange }) {
  const { id, username, disabled } = account;
  const disabling = useAction(async () => {
    await changeUser(id, { disabled: !disabled });
    announce(say(disabled ? "users.enabled_now" : "users.disabled_now", { name: username }));
    await onChange();
  });
  return html`<section class="block dangerous" aria-labelledby="user-end"><h3 id="user-end">${say("users.end")}</h3>
    <div class="with-button"><p>${say(disabled ? "users.enable_lead" : "users.disable_lead")}</p>
      <button type="button" class="quiet" data-kind=${disabled ? "plain" : "danger"} aria-busy=${disabling.isBusy} onClick=${() => disabling.act()}>
        ${say(disabled ? "users.enable" : "users.disable")}</button></div>
    <${Fault} error=${disabling.error} />
    <${Deletion} account=${account} />
  </section>`;
}

/** Asks for the account's name, so that nobody deletes another one by habit. */
function Deletion({ account }) {
  const [isOpen, setOpen] = useState(false);
  const { act, isBusy, error } = useAction(async ({ repeated, files }) => {
    if (repeated !== account.username) throw new Error(say("users.name_differs"));
    await deleteUser(account.id, files === "on");
    announce(say("users.deleted", { name: account.username }));
    go("admin/users");
  });
  if (!isOpen) {
    return html`<div class="with-button"><p>${say("users.delete_lead")}</p>
      <button type="button" class="quiet" data-kind="danger" onClick=${() => setOpen(true)}>${say("users.delete")}</button></div>`;
  }
  return html`<form class="form" onSubmit=${(event) => act(valuesOf(event))}>
    <${TextField} id="delete-name" name="repeated" label=${say("users.repeat_name", { name: account.username })} required autofocus />
    <${Tick} id="delete-files" name="files" label=${say("users.delete_files")} hint=${say("users.delete_files_hint")} />
    <${Fault} error=${error} />
    <p class="answers"><button type="button" class="quiet" onClick=${() => setOpen(false)}>${say("app.do_nothing")}</button>
      <${Submit} isBusy=${isBusy}>${say("users.delete")}<//></p>
  </form>`;
}
