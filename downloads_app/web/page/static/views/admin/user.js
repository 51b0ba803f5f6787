/** One account, for an admin: what it takes, its role, its quota, its password, its sign-ins, its end. */

import { announce } from "../../announcer.js";
import { changeUser, getUser } from "../../settings_api.js";
import { when } from "../../times.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { SignIns } from "../account/sign_ins.js";
import { Usage } from "../account/usage.js";
import { useAnswer } from "../loading.js";
import { Fault, useAction } from "../settings/faults.js";
import { Choice, Submit, valuesOf } from "../settings/fields.js";
import { Heading } from "../settings/layout.js";
import { ShownOnce } from "../settings/secret.js";
import { makePassword } from "./passwords.js";
import { Quota } from "./quota.js";
import { UserEnd } from "./user_end.js";

const EVERY_SECONDS = 10;

/** `id` is the account's, `user` who looks at it. */
export function UserView({ id, user }) {
  const { answer: account, error, again } = useAnswer(() => getUser(id), id, EVERY_SECONDS);
  const back = ["admin/users", say("admin.users")];
  const title = account?.username ?? say("admin.users");
  if (error?.status === 404) return html`<${Heading} title=${title} back=${back} /><p class="notice" role="alert">${say("users.gone")}</p>`;
  if (!account) return html`<${Heading} title=${title} back=${back} /><${Fault} error=${error} onAgain=${again} />`;
  return html`<${Heading} key="known" title=${account.username} back=${back}>
      ${account.role === "admin" && html`<span class="badge" data-kind="accent">${say("role.admin")}</span>`}
      ${account.disabled && html`<span class="badge" data-kind="bad">${say("users.disabled")}</span>`}<//>
    <p class="quiet-text">${say("users.since", { when: when(account.created_at) })}</p>
    <${Usage} userId=${id} seed=${String(account.quota_bytes)} />
    <${Role} account=${account} onChange=${again} />
    <${Quota} account=${account} onChange=${again} />
    <${Password} account=${account} isSelf=${account.id === user.id} />
    <section class="block" aria-labelledby="user-sign-ins"><h3 id="user-sign-ins">${say("account.sign_ins")}</h3><${SignIns} userId=${id} /></section>
    <${UserEnd} account=${account} onChange=${again} />`;
}

function Role({ account, onChange }) {
  const { act, isBusy, error } = useAction(async ({ role }) => {
    await changeUser(account.id, { role });
    announce(say("users.role_now", { name: account.username, role: sayNamed("role", role) }));
    await onChange();
  });
  return html`<section class="block" aria-labelledby="user-role-title"><h3 id="user-role-title">${say("user.role")}</h3>
    <form class="one-line" key=${account.role} onSubmit=${(event) => act(valuesOf(event))}>
      <${Choice} id="user-role" name="role" label=${say("users.role_label")} choices=${[["user", say("role.user")], ["admin", say("role.admin")]]} value=${account.role} />
      <${Submit} isBusy=${isBusy}>${say("settings.save")}<//>
    </form>
    <small class="hint">${say("users.role_hint")}</small>
    <${Fault} error=${error} /></section>`;
}

function Password({ account, isSelf }) {
  const [shown, setShown] = useState(null);
  const { act, isBusy, error } = useAction(async () => {
    const password = makePassword();
    await changeUser(account.id, { password });
    setShown(password);
  });
  return html`<section class="block" aria-labelledby="user-password"><h3 id="user-password">${say("account.password")}</h3>
    ${isSelf && html`<p class="quiet-text">${say("users.own_password")}</p>`}
    ${!isSelf && shown && html`<${ShownOnce} title=${say("users.password_reset", { name: account.username })} secrets=${[[say("users.new_password"), shown]]} onDone=${() => setShown(null)} />`}
    ${!isSelf && !shown && html`<p class="quiet-text">${say("users.reset_lead")}</p>
      <p><button type="button" class="quiet" aria-busy=${isBusy} onClick=${() => act()}>${say("users.reset")}</button></p>`}
    <${Fault} error=${error} /></section>`;
}
