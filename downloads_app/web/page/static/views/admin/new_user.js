/** Creating an account. Its first password is made here, shown once, and changed at the first sign-in. */

import { address } from "../../http.js";
import { createUser } from "../../settings_api.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Choice, Submit, TextField, valuesOf } from "../settings/fields.js";
import { Heading } from "../settings/layout.js";
import { ShownOnce } from "../settings/secret.js";
import { makePassword } from "./passwords.js";

export function NewUserView() {
  const [made, setMade] = useState(null);
  const { act, isBusy, error } = useAction(async ({ username, role }) => {
    const password = makePassword();
    const { id } = await createUser({ username, role, password });
    setMade({ id, username, password });
  });
  const back = ["admin/users", say("admin.users")];
  if (made) {
    return html`<${Heading} title=${made.username} back=${back} />
      ${made.password && html`<${ShownOnce} title=${say("users.made", { name: made.username })} secrets=${[[say("users.first_password"), made.password]]}
        onDone=${() => setMade({ ...made, password: null })} />`}
      <p><a data-inside href=${address(`admin/users/${made.id}`)}>${say("users.open", { name: made.username })}</a></p>`;
  }
  return html`<${Heading} title=${say("users.new")} lead=${say("users.new_lead")} back=${back} />
    <form class="panel form" onSubmit=${(event) => act(valuesOf(event))}>
      <${TextField} id="new-user-name" name="username" label=${say("user.name")} hint=${say("users.name_hint")} required maxlength=${80} />
      <${Choice} id="new-user-role" name="role" label=${say("user.role")} choices=${[["user", say("role.user")], ["admin", say("role.admin")]]} value="user" />
      <${Fault} error=${error} />
      <p class="answers"><${Submit} isBusy=${isBusy}>${say("users.create")}<//></p>
    </form>`;
}
