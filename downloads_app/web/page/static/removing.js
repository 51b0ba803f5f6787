/** Removing downloads: what is asked before, and whose files stay because others have the same folder. */

import { getSpace } from "./api.js";
import { ask } from "./dialogs.js";
import { bytes } from "./format.js";
import { say } from "./words.js";

const SPACE_ASKED_AT_MOST = 100;

/** @typedef {import("./actions.js").Target} Target */

/**
 * Resolves to `row`, to `files` for the files too, or to null for neither.
 * @param {Target[]} targets
 */
export async function askToRemove(targets) {
  const count = targets.length;
  const space = await spaceOf(targets);
  const question = say("action.delete_question", { count, name: targets[0].name });
  return ask([question, ...sayOfSpace(space, count), say("action.delete_for_good")].join(" "), answersFor(space, count));
}

/** What removing the files would free, and why it is no more; nothing where it is not known. */
function sayOfSpace(space, count) {
  if (space === null) return [];
  const { bytes: size, freed_bytes: freed, staying_downloads: staying } = space;
  if (staying === count) return [say("action.delete_stay", { count })];
  const isNone = size === 0 && staying === 0;
  return [
    isNone && say("action.delete_no_files"),
    size > 0 && (freed < size ? say("action.delete_shared", { size: bytes(size), freed: bytes(freed) }) : say("action.delete_frees", { size: bytes(size) })),
    staying > 0 && say("action.some_files_stay", { count: staying }),
  ].filter(Boolean);
}

/**
 * Files are offered to be removed only where some would go.
 * @returns {[string, string][]}
 */
function answersFor(space, count) {
  if (space?.staying_downloads === count || space?.bytes === 0) return [["row", say("action.delete")]];
  return [["row", say("action.keep_files")], ["files", say("action.delete_files")]];
}

/** What the files of these downloads take, and what their removal frees; null if there are too many, or no answer. */
async function spaceOf(targets) {
  if (targets.length > SPACE_ASKED_AT_MOST) return null;
  return getSpace(targets.map(({ id }) => id)).catch(() => null);
}

/**
 * In groups, each to be done one after another: of downloads with the same folder, only the last one takes its files along.
 * @param {Target[]} targets
 */
export function bySamePath(targets) {
  /** @type {Map<string | undefined, Target[]>} */
  const groups = new Map();
  for (const target of targets) groups.set(target.path, [...(groups.get(target.path) ?? []), target]);
  return [...groups.values()];
}

/** How many of these removed downloads have left their files; those that another of them took along have not. */
export function countStaying(done) {
  const gone = new Set(done.filter(({ result }) => !result).map(({ target }) => target.path));
  return done.filter(({ result, target }) => result && !gone.has(target.path)).length;
}
