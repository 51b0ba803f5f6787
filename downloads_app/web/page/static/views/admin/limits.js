/** What limits hold, and by which setting each is changed. They are set where the service runs, so here they are only read. */

import { bytes, duration, speed } from "../../format.js";
import { getLimits } from "../../settings_api.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useAnswer } from "../loading.js";
import { Fault } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";

export function LimitsView() {
  const { answer, error, again } = useAnswer(getLimits, "limits");
  return html`<${Heading} title=${say("admin.limits")} lead=${say("limits.lead")} />
    <${Fault} error=${error} onAgain=${again} />
    ${!answer && !error && html`<p class="quiet-text" role="status">${say("app.loading")}</p>`}
    ${answer && html`<dl class="panel limits">${Object.entries(answer).map(([name, value]) => html`<div key=${name}>
      <dt>${sayNamed("limit", name)} <code>${name.toUpperCase()}</code></dt><dd>${write(name, value)}</dd></div>`)}</dl>`}`;
}

/** A limit's value with its unit, which its name ends in. */
function write(name, value) {
  if (value === null) return say("limits.none");
  if (typeof value !== "number") return String(value);
  if (name.endsWith("_bytes_per_second")) return speed(value);
  if (name.endsWith("_bytes")) return bytes(value);
  return name.endsWith("_seconds") ? duration(value) : say("limits.number", { count: value });
}
