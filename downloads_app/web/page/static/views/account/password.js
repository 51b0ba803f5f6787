/** Changing one's own password. */

import { announce } from "../../announcer.js";
import { changePassword } from "../../session.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Submit, TextField, valuesOf } from "../settings/fields.js";
import { Heading } from "../settings/layout.js";

const SHORTEST = 10;
const LONGEST = 200;

export function PasswordView({ user }) {
  const [isChanged, setChanged] = useState(false);
  const { act, isBusy, error } = useAction(async (form, { current, chosen, repeated }) => {
    setChanged(false);
    if (chosen !== repeated) throw new Error(say("password.differ"));
    await changePassword(user.username, current, chosen);
    form.reset();
    setChanged(true);
    announce(say("password.changed"));
  });
  const submit = (event) => act(event.currentTarget, valuesOf(event));
  return html`<${Heading} title=${say("account.password")} lead=${say("password.lead")} />
    <form class="panel form" onSubmit=${submit}>
      <input hidden type="text" name="username" autocomplete="username" value=${user.username} readonly />
      <${TextField} id="password-current" name="current" type="password" autocomplete="current-password" label=${say("new_password.current")} required maxlength=${1024} />
      <${TextField} id="password-chosen" name="chosen" type="password" autocomplete="new-password" label=${say("new_password.chosen")}
        hint=${say("password.rules")} required minlength=${SHORTEST} maxlength=${LONGEST} />
      <${TextField} id="password-repeated" name="repeated" type="password" autocomplete="new-password" label=${say("password.repeat")} required maxlength=${LONGEST} />
      <${Fault} error=${error} />
      ${isChanged && html`<p class="notice good" role="status">${say("password.changed")}</p>`}
      <p class="answers"><${Submit} isBusy=${isBusy}>${say("new_password.submit")}<//></p>
    </form>`;
}
