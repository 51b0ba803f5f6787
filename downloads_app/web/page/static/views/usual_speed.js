/** How fast a user's downloads usually come. Pure. */

/** Shorter ones say nothing: they were copied from what was here, or were too small. */
const BRIEF_SECONDS = 2;

/**
 * In bytes a second, the middle one; null if no download tells.
 * @param {{ progress_data: { current_bytes: number }, started_at: string | null, completed_at: string | null }[]} completed
 * @returns {number | null}
 */
export function usualSpeed(completed) {
  const speeds = completed
    .map(({ progress_data: progress, started_at: start, completed_at: end }) =>
      ({ size: progress.current_bytes, seconds: (Date.parse(end ?? "") - Date.parse(start ?? "")) / 1000 }))
    .filter(({ seconds }) => seconds >= BRIEF_SECONDS)
    .map(({ size, seconds }) => size / seconds)
    .sort((one, other) => one - other);
  return speeds[Math.floor(speeds.length / 2)] ?? null;
}
