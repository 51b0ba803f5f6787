/** Where one is signed in; each can be ended from here, or all others at once. */

import { announce } from "../../announcer.js";
import { ask } from "../../dialogs.js";
import { endOtherSignIns, endSignIn } from "../../settings_api.js";
import { away, when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { useRows } from "../paging.js";
import { Fault, useAction } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";
import { nameClient } from "./clients.js";

const EVERY_SECONDS = 15;

export function SignInsView() {
  return html`<${Heading} title=${say("account.sign_ins")} lead=${say("sign_ins.lead")} /><${SignIns} userId=${null} />`;
}

/** The sign-ins: one's own, or for an admin those of `userId`. */
export function SignIns({ userId }) {
  const list = useRows("auth/sessions", userId ? { user_id: userId } : {}, EVERY_SECONDS);
  const ending = useAction(async (id) => {
    await (id ? endSignIn(id) : endOtherSignIns(userId));
    announce(say("sign_ins.ended"));
    await list.again();
  });
  const others = (list.rows ?? []).filter(({ is_current: isCurrent }) => !isCurrent);
  const all = say(userId ? "sign_ins.end_all" : "sign_ins.end_others");
  async function endAll() {
    if (await ask(say(userId ? "sign_ins.all_question" : "sign_ins.others_question"), [["yes", all]])) ending.act(null);
  }
  return html`<${Fault} error=${ending.error} />
    <${Rows} list=${list} label=${say("account.sign_ins")} nothing=${say("sign_ins.none")} entry=${(one) => html`<${SignIn} key=${one.id} signIn=${one}
      isOwn=${userId === null} onEnd=${() => ending.act(one.id)} />`} />
    ${others.length > 0 && html`<p><button type="button" class="quiet" data-kind="danger" onClick=${endAll}>${all}</button></p>`}`;
}

function SignIn({ signIn, isOwn, onEnd }) {
  const { id, client, address, created_at: begun, last_used_at: used, is_current: isCurrent } = signIn;
  const name = nameClient(client) ?? say("sign_ins.unknown_client");
  const facts = [
    address,
    html`<span title=${when(used)}>${say("sign_ins.used", { when: away(used) })}</span>`,
    say("sign_ins.begun", { when: when(begun) }),
  ];
  return html`<${Entry} id=${id} name=${html`<span title=${client ?? ""}>${name}</span>`} badges=${[isCurrent && [say("sign_ins.this_one"), "good"]]} facts=${facts}>
    ${!(isOwn && isCurrent) && html`<button type="button" class="quiet" onClick=${onEnd}
      aria-label=${say("sign_ins.end_which", { name, address: address ?? "" })}>${say("sign_ins.end")}</button>`}<//>`;
}
