/** How long a running download has brought nothing: one that has only just begun is not stalled. Pure. */

export const STALLED_SECONDS = 10;

/**
 * @typedef {object} Silence
 * @property {string | null} run the attempt that it is of; null while none runs
 * @property {number} bytes
 * @property {number} since when this page saw the last byte come, or the attempt begin, in seconds
 * @property {boolean} isBegun whether the attempt has brought a byte
 */

/**
 * What is known with this row, after what was known `before`.
 * @param {Silence | undefined} before
 * @param {any} download
 * @param {number} now in seconds
 * @returns {Silence}
 */
export function silenceAfter(before, { status, started_at: start, progress_data: { current_bytes: bytes } }, now) {
  if (status !== "downloading") return { run: null, bytes, since: now, isBegun: false };
  const run = start ?? "";
  if (before === undefined) return { run, bytes, since: now, isBegun: bytes > 0 };
  if (before.run !== run) return { run, bytes, since: now, isBegun: false };
  return bytes > before.bytes ? { run, bytes, since: now, isBegun: true } : before;
}
