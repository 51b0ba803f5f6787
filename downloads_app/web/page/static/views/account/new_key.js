/** Making an API key: its name, what it may do, until when; then the key itself, this once. */

import { address } from "../../http.js";
import { createKey } from "../../settings_api.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Fault, useAction } from "../settings/faults.js";
import { Choice, Submit, TextField, Tick, valuesOf } from "../settings/fields.js";
import { ShownOnce } from "../settings/secret.js";

const DAY_MILLISECONDS = 86_400_000;
const LIFETIMES_DAYS = [7, 30, 90, 365];
const USUAL_DAYS = "90";

/** `onMade` is called after a key was made. */
export function NewKey({ onMade }) {
  const [made, setMade] = useState(null);
  const { act, isBusy, error } = useAction(async (form, { name, read, write, days }) => {
    const scopes = [read && "read", write && "write"].filter(Boolean);
    if (scopes.length === 0) throw new Error(say("keys.choose_scope"));
    const expires = days === "" ? null : new Date(Date.now() + Number(days) * DAY_MILLISECONDS).toISOString().replace(/\.\d+/, "");
    setMade(await createKey({ name, scopes, expires_at: expires }));
    form.reset();
    onMade();
  });
  if (made) {
    return html`<${ShownOnce} title=${say("keys.shown", { name: made.name })} onDone=${() => setMade(null)}
      secrets=${[[say("keys.key"), made.key], [say("keys.try"), curlLine(made.key, made.scopes)]]} />`;
  }
  const lifetimes = [...LIFETIMES_DAYS.map((days) => [String(days), say("count.days", { count: days })]), ["", say("keys.no_end")]];
  return html`<form class="panel form" onSubmit=${(event) => act(event.currentTarget, valuesOf(event))} aria-label=${say("keys.new")}>
    <div class="side-by-side">
      <${TextField} id="key-name" name="name" label=${say("keys.name")} hint=${say("keys.name_hint")} required maxlength=${80} />
      <${Choice} id="key-days" name="days" label=${say("keys.lifetime")} choices=${lifetimes} value=${USUAL_DAYS} />
    </div>
    <fieldset class="ticks"><legend>${say("keys.scopes")}</legend>
      <${Tick} id="key-read" name="read" label=${say("scope.read")} hint=${say("keys.read_hint")} defaultChecked=${true} />
      <${Tick} id="key-write" name="write" label=${say("scope.write")} hint=${say("keys.write_hint")} />
    </fieldset>
    <${Fault} error=${error} />
    <p class="answers"><${Submit} isBusy=${isBusy}>${say("keys.make")}<//></p>
  </form>`;
}

/**
 * A command line that uses the key at once: it lists downloads; with a key that may only write, it plans one.
 * @param {string} key
 * @param {string[]} scopes
 */
function curlLine(key, scopes) {
  const root = new URL(address("api/downloads"), location.href).href;
  const signed = `curl -H 'Authorization: Bearer ${key}'`;
  if (scopes.includes("read")) return `${signed} ${root}`;
  return `${signed} -H 'Content-Type: application/json' -d '{"provider": "hub", "repository": "org/name"}' ${root}/plan`;
}
