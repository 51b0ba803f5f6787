/** What is known of each download on the page: merges the stream's lists, notices what left them. No DOM. */

const REMEMBERED_SECONDS = 180;
const ENDED_KEPT = 100;
const STALE_SECONDS = 5; // longer than an update can lag behind an answer of REST
const ACTIVE = new Set(["pending", "downloading"]);

export class Downloads {
  active = new Map(); // id -> {download, speeds: [[seconds, bytes per second], ...]}
  ended = new Map(); // id -> the detail that REST gave, newest first
  batch = 0; // changes whenever other downloads, or other sizes, make up the overall progress
  #leaving = new Set();
  #endedAt = new Map(); // id -> when it was noticed here
  #counted = new Map(); // id -> {current, total}: what the overall progress counts

  /**
   * `fetchDetail(id)` answers how a download ended; `onChange` is called after each change; `since` is the
   * server's time when the page was opened.
   */
  constructor({ fetchDetail, onEnd, onChange, since, now = () => Date.now() / 1000 }) {
    this.fetchDetail = fetchDetail;
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
    for (const id of left) this.#askAboutEnd(id);
  }

  /** Those that left stay where they stood until it is known how they ended; the order is the stream's. */
  #withLeaving(entries, left) {
    const before = [...this.active.keys()];
    const order = [...entries.keys()];
    for (const id of left) order.splice(order.indexOf(before[before.indexOf(id) - 1]) + 1, 0, id);
    return new Map(order.map((id) => [id, entries.get(id) ?? this.active.get(id)]));
  }

  #merged(download) {
    const { current_bytes: current, total_bytes: total, download_speed: speed } = download.progress_data;
    const speeds = this.active.get(download.id)?.speeds ?? [];
    const now = this.now();
    speeds.push([now, download.status === "downloading" ? speed : 0]);
    while (speeds[0][0] < now - REMEMBERED_SECONDS) speeds.shift();
    if (this.ended.delete(download.id)) this.#endedAt.delete(download.id); // taken up again
    if (this.#counted.get(download.id)?.total !== total) this.batch += 1;
    this.#counted.set(download.id, { current, total });
    return { download, speeds };
  }

  /** Whether an update was read before its download ended, as an answer of REST has told meanwhile. */
  #isOutdated({ id }) {
    return this.ended.has(id) && this.now() - this.#endedAt.get(id) < STALE_SECONDS;
  }

  /** Ask once how a download ended; again later where there was no answer. */
  async #askAboutEnd(id) {
    if (this.#leaving.has(id)) return;
    this.#leaving.add(id);
    try {
      this.settle(await this.fetchDetail(id));
    } catch (error) {
      if (error.status === 404) this.#end(id, { ...this.active.get(id)?.download, status: "removed" });
    } finally {
      this.#leaving.delete(id);
    }
  }

  /** Take a detail that REST gave: one that is over moves to the ended ones. */
  settle(detail) {
    if (!ACTIVE.has(detail.status)) this.#end(detail.id, detail);
    else if (this.ended.delete(detail.id)) this.onChange(); // taken up again: the next update brings it
  }

  /** Take what changed last: one that began and ended unseen, after `since`, ends here too. */
  catchUp(details) {
    for (const detail of details) {
      const isMissed = !this.active.has(detail.id) && !this.#endedAt.has(detail.id);
      if (isMissed && detail.completed_at >= this.since) this.#end(detail.id, detail, true);
    }
  }

  clearEnded() {
    this.ended.clear();
    this.onChange();
  }

  #end(id, detail, isUnseen = false) {
    const isNews = this.active.delete(id) || isUnseen;
    this.#endedAt.set(id, this.now());
    this.ended.delete(id);
    /** @type {[string, any][]} */
    const ended = [[id, detail], ...this.ended];
    this.ended = new Map(ended.slice(0, ENDED_KEPT));
    const size = detail.progress_data.total_bytes;
    if (isUnseen) this.#counted.delete(id);
    else if (detail.status === "completed" && size !== null) this.#counted.set(id, { current: size, total: size });
    else if (this.#counted.delete(id)) this.batch += 1;
    if (isNews) this.onEnd(detail);
    this.onChange();
  }

  /** The progress of everything since the page was last idle: a finished download stays counted. */
  overall() {
    const known = [...this.#counted.values()].filter(({ total }) => total !== null);
    const sum = (key) => known.reduce((total, part) => total + part[key], 0);
    const rows = [...this.active.values()].map(({ download }) => download.progress_data);
    return {
      currentBytes: sum("current"),
      totalBytes: known.length ? sum("total") : null,
      speed: rows.reduce((total, row) => total + row.download_speed, 0),
      activeCount: this.active.size,
      unsizedCount: rows.filter(({ total_bytes: total }) => total === null).length,
      waitingCount: [...this.active.values()].filter(({ download }) => download.status === "pending").length,
    };
  }
}
