/** All accounts; each has a page of its own. */

import { address } from "../../http.js";
import { bytes } from "../../format.js";
import { when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { useRows } from "../paging.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";
import { NewUserView } from "./new_user.js";
import { UserView } from "./user.js";

const EVERY_SECONDS = 15;

export function UsersView({ user, route }) {
  const row = route.parts[1];
  if (row === "new") return html`<${NewUserView} />`;
  return row ? html`<${UserView} id=${row} user=${user} />` : html`<${Users} user=${user} />`;
}

function Users({ user }) {
  const list = useRows("users", {}, EVERY_SECONDS);
  return html`<${Heading} title=${say("admin.users")}><a data-inside class="act" role="button" href=${address("admin/users/new")}>${say("users.new")}</a><//>
    <${Rows} list=${list} label=${say("admin.users")} nothing=${say("users.none")} entry=${(one) => html`<${Entry} key=${one.id} id=${one.id} name=${one.username}
      href=${address(`admin/users/${one.id}`)}
      badges=${[one.id === user.id && [say("users.you"), "good"], one.role === "admin" && [say("role.admin"), "accent"], one.disabled && [say("users.disabled"), "bad"]]}
      facts=${[
        one.quota_bytes !== null && say("users.own_quota", { quota: bytes(one.quota_bytes) }),
        say("users.since", { when: when(one.created_at) }),
      ]} />`} />`;
}
