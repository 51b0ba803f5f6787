/** What a download's status means to the page. Pure. */

const ACTIVE = new Set(["pending", "downloading"]);
const KEPT = new Set(["failed", "paused"]);

/** Whether a download waits or runs, so that the stream has it. */
export function isActive({ status }) {
  return ACTIVE.has(status);
}

/** Whether a download that is not active stays on the board until somebody acts. */
export function isKept({ status }) {
  return KEPT.has(status);
}
