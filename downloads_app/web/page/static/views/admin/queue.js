/** Who waits, for what, and since when: the downloads that no worker holds. */

import { reasonOf } from "../../board/describe.js";
import { address } from "../../http.js";
import { getQueue, pauseQueue } from "../../settings_api.js";
import { away, when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { useAnswer } from "../loading.js";
import { useRows } from "../paging.js";
import { Heading } from "../settings/layout.js";
import { Entry, Rows } from "../settings/lists.js";
import { Pause } from "./pause.js";

const EVERY_SECONDS = 5;

export function QueueView() {
  const queue = useAnswer(getQueue, "queue", EVERY_SECONDS);
  const list = useRows("downloads", { status: "pending", sort: "created_at" }, EVERY_SECONDS);
  return html`<${Heading} title=${say("admin.queue")} lead=${say("queue.lead")} />
    ${queue.answer && html`<${Pause} pausedAt=${queue.answer.paused_at} words=${{ lead: say("queue.pause_lead"), paused: "queue.paused_since" }} onToggle=${async (paused) => {
      await pauseQueue(paused);
      await Promise.all([queue.again(), list.again()]);
    }} />`}
    <${Rows} list=${list} label=${say("admin.queue")} nothing=${say("queue.none")} entry=${(one) => html`<${Waiting} key=${one.id} download=${one} />`} />`;
}

function Waiting({ download }) {
  const { id, repository, provider, username, priority, created_at: added } = download;
  const facts = [
    html`<bdi>${username}</bdi>`,
    html`<bdi>${provider}</bdi>`,
    priority !== 0 && say("queue.priority", { count: priority }),
    html`<span title=${when(added)}>${say("queue.since", { when: away(added) })}</span>`,
  ];
  return html`<${Entry} id=${id} name=${repository} href=${address(`downloads/${id}`)} facts=${facts}
    below=${html`<p class="entry-reason">${reasonOf(download)}</p>`} />`;
}
