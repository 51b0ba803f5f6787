/**
 * Where each row of the board stands: sections, their rows, and how far from the top. Pure.
 *
 * Places are computed, not laid out by the browser: so rows out of sight need no element, and a row that comes or
 * goes moves the others without shifting the page.
 */

export const SHOWN = 4; // lines of each group, until its reader asks for all
const FEW = 2; // so many more are shown rather than counted

/**
 * @typedef {{ id: string, slot: "card" | "line" | "ended" | "failed" | "more", count?: number, group?: string, isOpen?: boolean }} Place
 * @typedef {{ key: string, kind: "failed" | "group" | "paused" | "ended", name: string, pace: number, places: Place[] }} Section
 * @typedef {Place & { position: number, top: number, height: number }} Placed `top` is that within its section
 * @typedef {Omit<Section, "places"> & { count: number, top: number, height: number, rows: Placed[] }} PlacedSection
 * @typedef {{ card: number, line: number, ended: number, failed: number, more: number, heading: number, gap: number }} Heights
 */

/**
 * Return the sections of the board: what is active (for an admin by user), what failed, what is paused, what ended.
 * @param {{ active: Map<string, any>, ended: Map<string, any> }} downloads
 * @param {(download: any) => string} groupOf
 * @param {Set<string>} opened the keys of the groups of which all waiting rows are shown
 * @returns {Section[]}
 */
export function arrange({ active, ended }, groupOf, opened) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const { download } of active.values()) {
    const key = groupOf(download);
    const members = groups.get(key);
    if (members) members.push(download);
    else groups.set(key, [download]);
  }
  const rest = [...ended.values()];
  const over = rest.filter(({ status }) => status !== "failed" && status !== "paused");
  return [
    ...[...groups].sort(([one], [other]) => one.localeCompare(other)).map(([key, members]) =>
      section("group", groupPlaces(`of ${key}`, members, opened), key, paceOf(members))),
    section("failed", fold("failed", rest.filter(({ status }) => status === "failed").map(({ id }) => ({ id, slot: "failed" })), opened.has("failed"))),
    section("paused", fold("paused", rest.filter(({ status }) => status === "paused").map(({ id }) => line(id)), opened.has("paused"))),
    section("ended", over.map(asEnded)),
  ].filter(({ places }) => places.length > 0);
}

/** @returns {Section} */
function section(kind, places, name = "", pace = 0) {
  return { key: `${kind} ${name}`, kind, name, pace, places };
}

/** The speed of all together, in bytes per second. */
function paceOf(members) {
  return members.reduce((sum, { progress_data: progress }) => sum + progress.download_speed, 0);
}

/** @returns {Place} */
function asEnded({ id }) {
  return { id, slot: "ended" };
}

/** @returns {Place} */
function line(id) {
  return { id, slot: "line" };
}

/** Running rows first, then those that wait: first those that had begun, for they have a reason. */
function groupPlaces(key, members, opened) {
  const running = members.filter(({ status }) => status === "downloading");
  const waiting = members.filter(({ status }) => status !== "downloading");
  const begun = waiting.filter(({ started_at: start }) => start !== null);
  const fresh = waiting.filter(({ started_at: start }) => start === null);
  /** @type {Place[]} */
  const cards = running.map(({ id }) => ({ id, slot: "card" }));
  return [...cards, ...fold(key, [...begun, ...fresh].map(({ id }) => line(id)), opened.has(key))];
}

/** The first lines, and one that counts the others. */
function fold(group, lines, isOpen) {
  const hidden = lines.length - SHOWN;
  if (hidden <= FEW) return lines;
  return [...(isOpen ? lines : lines.slice(0, SHOWN)), { id: `more ${group}`, slot: "more", count: hidden, group, isOpen }];
}

/**
 * Return the sections with the place of each row in pixels, and the height of all.
 * @param {Section[]} sections
 * @param {Heights} heights
 * @returns {{ sections: PlacedSection[], height: number }}
 */
export function place(sections, heights) {
  let top = 0;
  const placed = sections.map(({ places, ...section }) => {
    let within = heights.heading;
    const rows = places.map((one, index) => {
      const row = { ...one, position: index + 1, top: within, height: heights[one.slot] };
      within += row.height;
      return row;
    });
    const result = { ...section, count: countRows(places), top, height: within, rows };
    top += within + heights.gap;
    return result;
  });
  return { sections: placed, height: Math.max(0, top - heights.gap) };
}

/** How many rows there are, those that are folded away too. */
function countRows(places) {
  return places.reduce((sum, { slot, count, isOpen }) => sum + (slot !== "more" ? 1 : isOpen ? 0 : count), 0);
}

/**
 * Return the part of the placed sections between `from` and `to`, in pixels from the top of the board. The rows of `kept` are always
 * there, wherever they stand: one of them has the focus.
 * @param {PlacedSection[]} sections
 * @param {number} from
 * @param {number} to
 * @param {string | null} kept
 * @returns {PlacedSection[]}
 */
export function cutOut(sections, from, to, kept) {
  const isNear = (top, height) => top + height >= from && top <= to;
  return sections
    .filter((one) => isNear(one.top, one.height) || (kept !== null && one.rows.some(({ id }) => id === kept)))
    .map((one) => ({ ...one, rows: one.rows.filter((row) => row.id === kept || isNear(one.top + row.top, row.height)) }));
}

/** The ids of the rows that stand in these sections. */
export function idsIn(sections) {
  return new Set(sections.flatMap(({ rows }) => rows.map(({ id }) => id)));
}
