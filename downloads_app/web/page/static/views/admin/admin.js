/** What admins manage. The server decides who is one; others are told. */

import { address } from "../../http.js";
import { html } from "../../vendor/preact/preact-htm.js";
import { say } from "../../words.js";
import { Settings } from "../settings/layout.js";
import { AuditView } from "./audit.js";
import { LimitsView } from "./limits.js";
import { ProvidersView } from "./providers.js";
import { QueueView } from "./queue.js";
import { UsersView } from "./users.js";
import { WorkersView } from "./workers.js";

export function AdminView({ user, route }) {
  if (user.role !== "admin") {
    return html`<p class="notice" role="alert">${say("admin.only")} <a data-inside href=${address("")}>${say("missing.back")}</a></p>`;
  }
  const parts = [
    { name: "users", title: say("admin.users"), View: UsersView },
    { name: "providers", title: say("admin.providers"), View: ProvidersView },
    { name: "queue", title: say("admin.queue"), View: QueueView },
    { name: "workers", title: say("admin.workers"), View: WorkersView },
    { name: "audit", title: say("admin.audit"), View: AuditView },
    { name: "limits", title: say("admin.limits"), View: LimitsView },
  ];
  return html`<${Settings} label=${say("admin.label")} root="admin" parts=${parts} route=${route} user=${user} />`;
}
