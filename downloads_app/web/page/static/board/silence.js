/** How long a running download has brought nothing, or is not told of: one that has only just begun is not stalled. Pure. */

export const STALLED_SECONDS = 10;

/**
 * @typedef {object} Silence
 * @property {string | null} run the attempt that it is of; null while none runs
 * @property {number} bytes
 * @property {number} since when this page saw the last byte come, or the attempt begin, in seconds
 * @property {boolean} isBegun whether the attempt has brought a byte
 * @property {string} told its row's `updated_at`
 * @property {number} toldSince when this page saw that first, in seconds
 */

/**
 * A row as it may be shown, and what is known with it. A worker tells of what runs each second; the speed that it told last is over when
 * it has told nothing for some seconds. It may be gone.
 * @param {Silence | undefined} before
 * @param {any} download
 * @param {number} now in seconds
 * @returns {{ download: any, silence: Silence, isSilent: boolean }}
 */
export function listen(before, download, now) {
  const silence = silenceAfter(before, download, now);
  const { status, progress_data: progress } = download;
  if (status !== "downloading" || now - silence.toldSince < STALLED_SECONDS) return { download, silence, isSilent: false };
  const eta = progress.eta_seconds === 0 ? 0 : null; // with all bytes here, nothing more is told until they are checked
  return { download: { ...download, progress_data: { ...progress, download_speed: 0, eta_seconds: eta } }, silence, isSilent: true };
}

/**
 * What is known with this row, after what was known `before`.
 * @param {Silence | undefined} before
 * @param {any} download
 * @param {number} now in seconds
 * @returns {Silence}
 */
function silenceAfter(before, { status, started_at: start, updated_at: told, progress_data: { current_bytes: bytes } }, now) {
  const news = { bytes, since: now, told, toldSince: before !== undefined && before.told === told ? before.toldSince : now };
  if (status !== "downloading") return { ...news, run: null, isBegun: false };
  const run = start ?? "";
  if (before === undefined) return { ...news, run, isBegun: bytes > 0 };
  if (before.run !== run) return { ...news, run, isBegun: false };
  return bytes > before.bytes ? { ...news, run, isBegun: true } : { ...news, run, bytes: before.bytes, since: before.since, isBegun: before.isBegun };
}
