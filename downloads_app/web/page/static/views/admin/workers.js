/** The processes that move bytes, and what each holds. */

import { address } from "../../http.js";
import { away, when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { useRows } from "../paging.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";

const EVERY_SECONDS = 5;

export function WorkersView() {
  const list = useRows("workers", {}, EVERY_SECONDS);
  return html`<${Heading} title=${say("admin.workers")} lead=${say("workers.lead")} />
    <${Rows} list=${list} label=${say("admin.workers")} nothing=${say("workers.none")} entry=${(one) => html`<${Worker} key=${one.id} worker=${one} />`} />`;
}

function Worker({ worker }) {
  const { id, host, pid, alive, downloads, concurrency, version, started_at: started, last_seen_at: seen } = worker;
  const facts = [
    say("workers.holds", { held: downloads.length, count: concurrency }),
    html`<span title=${when(seen)}>${say("workers.seen", { when: away(seen) })}</span>`,
    say("workers.started", { when: when(started) }),
    say("workers.version", { version }),
  ];
  return html`<${Entry} id=${id} name=${say("workers.name", { host, pid: String(pid) })} facts=${facts}
      badges=${[alive ? [say("workers.alive"), "good"] : [say("workers.silent"), "bad"]]}
      below=${downloads.length > 0 && html`<ul class="held" role="list" aria-label=${say("workers.held")}>${downloads.map((one) => html`<li key=${one.id}>
        <a data-inside href=${address(`downloads/${one.id}`)}><bdi>${one.repository}</bdi></a> <small><bdi>${one.username}</bdi></small></li>`)}</ul>`} />`;
}
