/** What a person does to one or to many downloads: it is asked for where nothing brings it back, sent, told, and undone. */

import { announce } from "./announcer.js";
import { changeDownload, deleteDownload, getDownload, getSpace, setPriority } from "./api.js";
import { ask } from "./dialogs.js";
import { bytes } from "./format.js";
import { showToast } from "./toasts.js";
import { say, sayNamed } from "./words.js";

const AT_ONCE = 6; // requests: as many connections as a browser opens over HTTP/1.1
const SPACE_ASKED_AT_MOST = 100;

/**
 * @typedef {"pause" | "resume" | "cancel" | "retry" | "delete" | "priority"} Action
 * @typedef {{ id: string, status: string, name: string }} Target
 */

/** @type {Record<string, Action[]>} */
const OFFERED = {
  pending: ["pause", "cancel"],
  downloading: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  failed: ["retry", "delete"],
  cancelled: ["retry", "delete"],
  completed: ["delete"],
};
/** @type {Partial<Record<Action, Action>>} */
const UNDONE_BY = { pause: "resume", resume: "pause", cancel: "retry" };

/**
 * The actions that a download of this status offers.
 * @param {string} status
 */
export function actionsOf(status) {
  return OFFERED[status] ?? [];
}

/**
 * Do `action` to those of `targets` that allow it, after a question where it cannot be taken back. Each change is told to the
 * page by the event "downloads-changed", whose `detail` is the list of the new REST rows and `gone` the ids that were removed.
 * @param {Action} action
 * @param {Target[]} targets
 * @param {{ priority?: number, isUndo?: boolean }} [options]
 */
export async function act(action, targets, { priority = 0, isUndo = false } = {}) {
  const able = action === "priority" ? targets : targets.filter(({ status }) => actionsOf(status).includes(action));
  if (able.length === 0) return;
  const answer = isUndo ? "yes" : await askFirst(action, able);
  if (answer === null) return;
  const before = action === "priority" ? await eachOf(able, ({ id }) => getDownload(id)) : null;
  const { done, faults } = await eachOf(able, (target) => send(action, target.id, { priority, answer }));
  const rows = done.map(({ result }) => result);
  dispatchEvent(new CustomEvent("downloads-changed", {
    detail: { rows: rows.filter(Boolean), gone: action === "delete" ? done.map(({ target }) => target.id) : [] },
  }));
  tell(action, done, faults, isUndo ? null : (ids) => undo(action, done.filter(({ target }) => ids.includes(target.id)), before));
}

/** Send it. Resolves to the download's new row, or null if it is gone. */
async function send(action, id, { priority, answer }) {
  if (action === "priority") return setPriority(id, priority);
  if (action !== "delete") return changeDownload(id, action);
  await deleteDownload(id, answer === "files");
  return null;
}

/** Resolves to the answer, or null for none. */
async function askFirst(action, targets) {
  const count = targets.length;
  if (action === "cancel") {
    return ask(say("action.cancel_question", { count }), [["yes", say("action.cancel_yes", { count })]]);
  }
  if (action !== "delete") return "yes";
  const space = await spaceOf(targets);
  const files = space === null ? say("action.delete_files") : say("action.delete_files_of", { size: bytes(space.freed_bytes) });
  const shared = space !== null && space.freed_bytes < space.bytes;
  return ask(
    [say("action.delete_question", { count }), shared && say("action.delete_shared", { size: bytes(space.bytes), freed: bytes(space.freed_bytes) }),
     say("action.delete_for_good")].filter(Boolean).join(" "),
    [["row", say("action.keep_files")], ["files", files]],
  );
}

/** What the files of these downloads take, and what their removal frees; null if there are too many, or no answer. */
async function spaceOf(targets) {
  if (targets.length > SPACE_ASKED_AT_MOST) return null;
  return getSpace(targets.map(({ id }) => id)).catch(() => null);
}

/** Call `send` for each target, a few at once. */
async function eachOf(targets, call) {
  /** @type {{ target: Target, result: any }[]} */
  const done = [];
  /** @type {{ target: Target, error: any }[]} */
  const faults = [];
  const queue = [...targets];
  const work = async () => {
    for (let target = queue.shift(); target; target = queue.shift()) {
      try {
        done.push({ target, result: await call(target) });
      } catch (error) {
        faults.push({ target, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, work));
  return { done, faults };
}

function tell(action, done, faults, undoIt) {
  const [{ target: first } = { target: null }] = done;
  const sentences = [];
  if (first) {
    sentences.push(done.length === 1 ? say("action.done_one", { name: first.name, done: sayNamed("done", action) })
      : say("action.done_many", { count: done.length, done: sayNamed("done", action) }));
  }
  if (faults.length > 0) {
    const [{ target, error }] = faults;
    sentences.push(faults.length === 1 ? say("action.fault_one", { name: target.name, reason: error.message })
      : say("action.fault_many", { count: faults.length, reason: error.message }));
  }
  const isUndoable = undoIt !== null && first && (action === "priority" || UNDONE_BY[action] !== undefined);
  showToast(sentences.join(" "), isUndoable ? undoIt : null, faults.length > 0, done.map(({ target }) => target.id));
  announce(sentences.join(" "));
}

/** Take it back. A cancelled download begins again: its partial files are gone. */
async function undo(action, done, before) {
  const targets = done.map(({ target, result }) => ({ ...target, status: result.status }));
  if (action !== "priority") {
    await act(UNDONE_BY[action], targets, { isUndo: true });
    return;
  }
  const old = new Map(before.done.map(({ target, result }) => [target.id, result.priority]));
  for (const priority of new Set(old.values())) {
    await act("priority", targets.filter(({ id }) => old.get(id) === priority), { priority, isUndo: true });
  }
}
