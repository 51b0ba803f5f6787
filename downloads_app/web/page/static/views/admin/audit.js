/** Who has done what, from where, and when. */

import { rewrite } from "../../router.js";
import { when } from "../../times.js";
import { html, useState } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useRows } from "../paging.js";
import { Choice, Submit, TextField, valuesOf } from "../settings/fields.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";

const DAY_MILLISECONDS = 86_400_000;
const SPANS_DAYS = ["1", "7", "30"];

export function AuditView({ route }) {
  const [filter, setFilter] = useState({ user: route.query.get("user") ?? "", days: SPANS_DAYS.includes(route.query.get("days")) ? route.query.get("days") : "" });
  const list = useRows("audit", queryOf(filter));
  function choose(event) {
    const { user, days } = valuesOf(event);
    const chosen = new URLSearchParams(Object.entries({ user: user.trim(), days }).filter(([, value]) => value));
    setFilter({ user: user.trim(), days });
    rewrite(`admin/audit${chosen.size > 0 ? `?${chosen}` : ""}`);
  }
  const spans = [["", say("audit.any_time")], ...SPANS_DAYS.map((days) => [days, say("audit.last_days", { count: Number(days) })])];
  return html`<${Heading} title=${say("admin.audit")} lead=${say("audit.lead")} />
    <form class="one-line audit-filters" aria-label=${say("audit.filter")} onSubmit=${choose}>
      <${TextField} id="audit-user" name="user" label=${say("audit.user")} defaultValue=${filter.user} maxlength=${80} />
      <${Choice} id="audit-days" name="days" label=${say("audit.time")} choices=${spans} value=${filter.days} />
      <${Submit}>${say("audit.show")}<//>
    </form>
    <${Rows} list=${list} label=${say("admin.audit")} nothing=${say("audit.none")} entry=${(one) => html`<${Act} key=${one.id} entry=${one} />`} />`;
}

function queryOf({ user, days }) {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000; // the same query for an hour: drawing again asks nothing new
  return {
    ...(user ? { user } : {}),
    ...(days ? { since: new Date(hour - Number(days) * DAY_MILLISECONDS).toISOString() } : {}),
  };
}

function Act({ entry }) {
  const { id, at, count, action, succeeded, actor, key, username, object_name: object, address, detail } = entry;
  const facts = [
    html`<time datetime=${at}>${when(at)}</time>`,
    html`<bdi>${actor ?? say("audit.nobody")}</bdi>`,
    key && say("audit.by_key", { name: key }),
    username && username !== actor && html`<bdi>${say("audit.about", { name: username })}</bdi>`,
    object && object !== username && html`<bdi>${object}</bdi>`,
    address,
  ];
  const badges = [!succeeded && [say("audit.failed"), "bad"], count > 1 && [say("audit.times", { count }), "warn"]];
  return html`<${Entry} id=${id} name=${sayNamed("act", action)} badges=${badges} facts=${facts}
    below=${detail && html`<p class="entry-reason" data-words="none">${detail}</p>`} />`;
}
