/** Who one is, and what one takes of the room that there is. */

import { getUsage } from "../../settings_api.js";
import { bytes, fraction, percent } from "../../format.js";
import { when } from "../../times.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../../words.js";
import { useAnswer } from "../loading.js";
import { Fault } from "../settings/faults.js";
import { Heading } from "../settings/layout.js";

const EVERY_SECONDS = 10;

export function UsageView({ user }) {
  return html`<${Heading} title=${say("account.usage")} />
    <dl class="details panel">
      <div><dt>${say("user.name")}</dt><dd><bdi>${user.username}</bdi></dd></div>
      <div><dt>${say("user.role")}</dt><dd>${sayNamed("role", user.role)}</dd></div>
      <div><dt>${say("user.since")}</dt><dd>${when(user.created_at)}</dd></div>
    </dl>
    <${Usage} userId=${null} />`;
}

/** What a user takes: one's own, or for an admin somebody's of `userId`. `seed` changes when it is to be read anew. */
export function Usage({ userId, seed = "" }) {
  const { answer: usage, error, again } = useAnswer(() => getUsage(userId), `${userId} ${seed}`, EVERY_SECONDS);
  if (!usage) return html`<${Fault} error=${error} onAgain=${again} />`;
  const { used_bytes: used, quota_bytes: quota, active_downloads: active } = usage;
  const share = fraction(used, quota);
  return html`<section class="panel usage" aria-label=${say("usage.title")}>
    <p class="usage-line"><strong>${bytes(used)}</strong>
      <span>${quota === null ? say("usage.no_quota") : say("usage.of_quota", { quota: bytes(quota), percent: percent(share) })}</span></p>
    ${quota !== null && html`<meter class="usage-bar" min="0" max="1" value=${share} high="0.9" optimum="0"
      aria-label=${say("usage.title")} aria-valuetext=${say("usage.of_quota", { quota: bytes(quota), percent: percent(share) })}></meter>`}
    ${share === 1 && html`<p class="notice">${say("usage.full")}</p>`}
    <p class="quiet-text">${say("usage.active", { count: active })}</p>
  </section>`;
}
