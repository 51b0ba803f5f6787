/** One's own account: what it takes, its password, where one is signed in, its API keys. */

import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Settings } from "../settings/layout.js";
import { KeysView } from "./keys.js";
import { PasswordView } from "./password.js";
import { SignInsView } from "./sign_ins.js";
import { UsageView } from "./usage.js";

export function AccountView({ user, route }) {
  const parts = [
    { name: "", title: say("account.usage"), View: UsageView },
    { name: "password", title: say("account.password"), View: PasswordView },
    { name: "sign-ins", title: say("account.sign_ins"), View: SignInsView },
    { name: "keys", title: say("account.keys"), View: KeysView },
  ];
  return html`<${Settings} label=${say("account.label")} root="account" parts=${parts} route=${route} user=${user} />`;
}
