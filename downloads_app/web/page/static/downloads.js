/** The state of each download on the page: merges the stream's lists, and notices which downloads left them. No DOM. */

import { listen } from "./board/silence.js";
import { addSpeed } from "./board/speeds.js";
import { isActive, isKept } from "./statuses.js";
import { totalsOf } from "./totals.js";

const ENDED_KEPT = 100;
const ASKED_AT_ONCE = 50;
const STALE_SECONDS = 5; // an update is never so much older than a REST answer

export class Downloads {
  active = new Map(); // id -> {download, silence, isSilent, speeds: [[seconds, bytes per second], ...]}
  ended = new Map(); // id -> the detail that REST gave, newest first; those that failed or are paused too
  batch = 0; // changes when the overall progress counts other downloads or other sizes
  #leaving = new Set();
  #endedAt = new Map(); // id -> when this page noticed it
  #counted = new Map(); // id -> {current, total}: what the overall progress counts

  /**
   * `fetchDetails(ids)` resolves to those of the downloads that still exist. `onChange` is called after each change. `since` is the
   * server's time when the page was opened.
   */
  constructor({ fetchDetails, onEnd, onChange, since, now = () => Date.now() / 1000 }) {
    this.fetchDetails = fetchDetails;
    this.onEnd = onEnd;
    this.onChange = onChange;
    this.since = since;
    this.now = now;
  }

  /** Take the stream's full current list. */
  update(current) {
    const list = current.filter((download) => !this.#isOutdated(download));
    const present = new Set(list.map((download) => download.id));
    const left = [...this.active.keys()].filter((id) => !present.has(id));
    if (this.active.size === 0 && list.length > 0) this.#counted.clear();
    const entries = new Map(list.map((download) => [download.id, this.#merged(download)]));
    this.active = this.#withLeaving(entries, left);
    this.onChange();
    this.#askAboutEnds(left);
  }

  /** Keep downloads that left the list in their place until we know how they ended. The order is the stream's. */
  #withLeaving(entries, left) {
    const before = [...this.active.keys()];
    const order = [...entries.keys()];
    for (const id of left) order.splice(order.indexOf(before[before.indexOf(id) - 1]) + 1, 0, id);
    return new Map(order.map((id) => [id, entries.get(id) ?? this.active.get(id)]));
  }

  #merged(given) {
    const { current_bytes: current, total_bytes: total } = given.progress_data;
    const before = this.active.get(given.id);
    const now = this.now();
    const heard = listen(before?.silence, given, now);
    if (this.ended.delete(given.id)) this.#endedAt.delete(given.id); // it is active again
    if (this.#counted.get(given.id)?.total !== total) this.batch += 1;
    this.#counted.set(given.id, { current, total });
    return { ...heard, speeds: addSpeed(before?.speeds ?? [], heard.download, now) };
  }

  /** Whether an update is outdated: REST has already said that its download ended. */
  #isOutdated({ id }) {
    return this.ended.has(id) && this.#isFresh(id);
  }

  /** Whether this page has learnt a moment ago that it ended: other answers may be older. */
  #isFresh(id) {
    return this.now() - (this.#endedAt.get(id) ?? -Infinity) < STALE_SECONDS;
  }

  /** Ask once how downloads ended, some at a time. Ask again later if there was no answer. */
  async #askAboutEnds(ids) {
    const asked = ids.filter((id) => !this.#leaving.has(id));
    for (const id of asked) this.#leaving.add(id);
    try {
      for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) await this.#askAbout(asked.slice(at, at + ASKED_AT_ONCE));
    } catch {
      // the next update asks again
    } finally {
      for (const id of asked) this.#leaving.delete(id);
    }
  }

  async #askAbout(ids) {
    const details = new Map((await this.fetchDetails(ids)).map((detail) => [detail.id, detail]));
    for (const id of ids) {
      if (details.has(id)) this.settle(details.get(id));
      else this.#end(id, { ...this.active.get(id)?.download, status: "removed" });
    }
  }

  /** Take a detail from REST. One that is over moves to the ended ones. `isOwn`: this page has just asked for it. */
  settle(detail, isOwn = false) {
    if (!isActive(detail)) this.#end(detail.id, detail, { isOwn });
    else this.#begin(detail);
  }

  /** Show an active download at once; the next update may be older than it, the one after is not. */
  #begin(detail) {
    if (this.ended.delete(detail.id)) this.#endedAt.delete(detail.id);
    const { speeds = [], silence = undefined } = this.active.get(detail.id) ?? {};
    this.active.set(detail.id, { ...listen(silence, detail, this.now()), speeds });
    this.onChange();
  }

  /** Take the downloads that changed last. One that began and ended after `since`, unseen, is added as ended. */
  catchUp(details) {
    for (const detail of details) {
      const isMissed = !this.active.has(detail.id) && !this.#endedAt.has(detail.id);
      if (isMissed && detail.completed_at >= this.since) this.#end(detail.id, detail, { isUnseen: true });
      else if (isActive(detail)) continue;
      else if (this.active.has(detail.id)) this.settle(detail); // its end was missed
      else if (this.ended.has(detail.id)) this.ended.set(detail.id, detail); // changed elsewhere
    }
    this.onChange();
  }

  /** Take the failed or paused downloads that REST lists now. If it lists them all, forget others of that status. */
  keep(status, details, isAll) {
    const listed = new Set(details.map(({ id }) => id));
    const isGone = ({ id, status: own }) => own === status && !listed.has(id) && !this.#isFresh(id);
    if (isAll) for (const [id, one] of this.ended) if (isGone(one)) this.ended.delete(id);
    for (const detail of details) if (!this.active.has(detail.id)) this.ended.set(detail.id, detail);
    this.onChange();
  }

  /** Forget ended downloads, by their ids or a test of their details. */
  forget(isGone) {
    for (const [id, detail] of this.ended) if (isGone(detail)) this.ended.delete(id);
    this.onChange();
  }

  /** Forget what is over. What failed has its own button; what is paused is not over. */
  clearEnded() {
    this.forget((one) => !isKept(one));
  }

  #end(id, detail, { isUnseen = false, isOwn = false } = {}) {
    const isNews = this.active.delete(id) || isUnseen;
    this.#endedAt.set(id, this.now());
    this.ended.delete(id);
    let room = ENDED_KEPT;
    /** @type {[string, any][]} */
    const ended = [[id, detail], ...this.ended];
    this.ended = new Map(ended.filter(([, one]) => isKept(one) || room-- > 0));
    const size = detail.progress_data.total_bytes;
    if (isUnseen) this.#counted.delete(id);
    else if (detail.status === "completed" && size !== null) this.#counted.set(id, { current: size, total: size });
    else if (this.#counted.delete(id)) this.batch += 1;
    if (isNews && !isOwn) this.onEnd(detail);
    this.onChange();
  }

  /** The progress of all downloads since the page was last idle. */
  overall() {
    return totalsOf(this.active, this.#counted, this.ended);
  }
}
