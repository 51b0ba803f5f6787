/** What a person does to one or to many downloads: it is asked for where nothing brings it back, sent, told, and undone or tried again. */

import { announce } from "./announcer.js";
import { changeDownload, deleteDownload, getDownload, setPriority } from "./api.js";
import { ask } from "./dialogs.js";
import { askToRemove, bySamePath, countStaying } from "./removing.js";
import { showToast } from "./toasts.js";
import { say, sayNamed } from "./words.js";

const AT_ONCE = 6; // requests: as many connections as a browser opens over HTTP/1.1

/**
 * @typedef {"pause" | "resume" | "cancel" | "retry" | "delete" | "priority"} Action
 * @typedef {{ id: string, status: string, name: string, path?: string }} Target `path`: its folder, where it is known
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
/** @type {Partial<Record<Action, { action: Action, words: import("./words.js").Key }>>} */
const FOLLOWED_BY = {
  pause: { action: "resume", words: "action.undo" },
  resume: { action: "pause", words: "action.undo" },
  cancel: { action: "retry", words: "action.retry" }, // from its first byte: its partial files are gone
};

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
 * @param {{ priority?: number, isOffered?: boolean }} [options] `isOffered`: by the note about what was done before
 */
export async function act(action, targets, { priority = 0, isOffered = false } = {}) {
  const able = action === "priority" ? targets : targets.filter(({ status }) => actionsOf(status).includes(action));
  if (able.length === 0) return;
  const answer = isOffered ? "yes" : await askFirst(action, able);
  if (answer === null) return;
  const before = action === "priority" ? await eachOf(able.map((target) => [target]), ({ id }) => getDownload(id)) : null;
  const groups = answer === "files" ? bySamePath(able) : able.map((target) => [target]);
  const { done, faults } = await eachOf(groups, (target) => send(action, target.id, { priority, answer }));
  dispatchEvent(new CustomEvent("downloads-changed", {
    detail: action === "delete" ? { rows: [], gone: done.map(({ target }) => target.id) } : { rows: done.map(({ result }) => result), gone: [] },
  }));
  tell(answer === "files" ? "delete_files" : action, done, faults, isOffered ? null : (ids) => follow(action, done.filter(({ target }) => ids.includes(target.id)), before));
}

/** Send it. Resolves to the download's new row; of one that is removed, to whether its files stay, though they were to go. */
async function send(action, id, { priority, answer }) {
  if (action === "priority") return setPriority(id, priority);
  if (action !== "delete") return changeDownload(id, action);
  return deleteDownload(id, answer === "files");
}

/** Resolves to the answer, or null for none. */
async function askFirst(action, targets) {
  const count = targets.length;
  if (action === "cancel") {
    return ask(say("action.cancel_question", { count }), [["yes", say("action.cancel_yes", { count })]]);
  }
  if (action !== "delete") return "yes";
  return askToRemove(targets);
}

/** Call `call` for each target: those of a group one after another, a few groups at once. */
async function eachOf(groups, call) {
  /** @type {{ target: Target, result: any }[]} */
  const done = [];
  /** @type {{ target: Target, error: any }[]} */
  const faults = [];
  const queue = [...groups];
  const work = async () => {
    for (let group = queue.shift(); group; group = queue.shift()) {
      for (const target of group) {
        try {
          done.push({ target, result: await call(target) });
        } catch (error) {
          faults.push({ target, error });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, groups.length) }, work));
  return { done, faults };
}

/** `what`: the action, or `delete_files` for a removal together with the files. */
function tell(what, done, faults, call) {
  const [{ target: first } = { target: null }] = done;
  const staying = what === "delete_files" ? countStaying(done) : 0;
  const sentences = [];
  if (first) {
    const outcome = sayNamed("done", staying > 0 ? "delete" : what);
    sentences.push(done.length === 1 ? say("action.done_one", { name: first.name, done: outcome })
      : say("action.done_many", { count: done.length, done: outcome }));
  }
  if (staying > 0) sentences.push(done.length === 1 ? say("action.files_stay") : say("action.some_files_stay", { count: staying }));
  if (faults.length > 0) {
    const [{ target, error }] = faults;
    sentences.push(faults.length === 1 ? say("action.fault_one", { name: target.name, reason: error.message })
      : say("action.fault_many", { count: faults.length, reason: error.message }));
  }
  const words = what === "priority" ? "action.undo" : FOLLOWED_BY[what]?.words;
  const offer = call !== null && first && words ? { words: say(words), call } : null;
  showToast(sentences.join(" "), offer, faults.length > 0, done.map(({ target }) => target.id));
  announce(sentences.join(" "));
}

/** Do what the note has offered. */
async function follow(action, done, before) {
  const targets = done.map(({ target, result }) => ({ ...target, status: result.status }));
  if (action !== "priority") {
    await act(FOLLOWED_BY[action].action, targets, { isOffered: true });
    return;
  }
  const old = new Map(before.done.map(({ target, result }) => [target.id, result.priority]));
  for (const priority of new Set(old.values())) {
    await act("priority", targets.filter(({ id }) => old.get(id) === priority), { priority, isOffered: true });
  }
}
