/** The rows in order: active ones (for an admin in a group for each user), then those that ended. */

import { arrange, byId, fromTemplate, setText, show } from "./dom.js";
import { speed } from "./format.js";
import { Row } from "./row.js";
import { say } from "./words.js";

export class Board {
  #rows = new Map(); // id -> Row
  #groups = new Map(); // user id -> {element, name, facts, list}
  #act;

  /** `names` holds `repositories`, `providers` and, for an admin, `users`. */
  constructor(names, act) {
    this.names = names;
    this.#act = act;
  }

  render({ active, ended }) {
    for (const [id, entry] of active) this.#row(id).showActive(entry, this.names);
    for (const [id, detail] of ended) this.#row(id).showEnded(detail, this.names);
    for (const id of [...this.#rows.keys()]) if (!active.has(id) && !ended.has(id)) this.#rows.delete(id);
    this.#renderGroups([...active.values()]);
    arrange(byId("ended-rows"), [...ended.keys()].map((id) => this.#rows.get(id).element));
    show(byId("ended"), ended.size > 0);
  }

  /** Remove everything: another user may sign in next. */
  clear() {
    this.render({ active: new Map(), ended: new Map() });
  }

  #row(id) {
    if (!this.#rows.has(id)) this.#rows.set(id, new Row(id, this.#act));
    return this.#rows.get(id);
  }

  #renderGroups(entries) {
    const byUser = new Map();
    for (const entry of entries) {
      const key = this.names.users ? entry.download.user_id : "";
      if (!byUser.has(key)) byUser.set(key, []);
      byUser.get(key).push(entry);
    }
    for (const key of [...this.#groups.keys()]) if (!byUser.has(key)) this.#groups.delete(key);
    const keys = [...byUser.keys()].sort((one, other) => this.#userName(one).localeCompare(this.#userName(other)));
    arrange(byId("active"), keys.map((key) => this.#renderGroup(key, byUser.get(key))));
  }

  #renderGroup(key, entries) {
    if (!this.#groups.has(key)) {
      const element = fromTemplate("group-template");
      const [name, facts, list] = [".group-name", ".group-facts", ".rows"].map((part) => element.querySelector(part));
      this.#groups.set(key, { element, name, facts, list });
    }
    const { element, name, facts, list } = this.#groups.get(key);
    setText(name, key === "" ? say("board.active") : this.#userName(key));
    setText(facts, key === "" ? "" : groupFacts(entries)); // without groups, the summary says it
    arrange(list, entries.map(({ download }) => this.#rows.get(download.id).element));
    return element;
  }

  #userName(key) {
    return key === "" ? "" : (this.names.users.get(key) ?? key.slice(0, 8));
  }
}

function groupFacts(entries) {
  const pace = entries.reduce((sum, { download }) => sum + download.progress_data.download_speed, 0);
  const parts = [say("count.downloads", { count: entries.length })];
  if (pace > 0) parts.push(speed(pace));
  return parts.join(" · ");
}
