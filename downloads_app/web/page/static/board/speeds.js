/** The speeds that a row has shown in the last minutes: what its plot is drawn of. */

const REMEMBERED_SECONDS = 180;

/**
 * Add the speed that a download has now, and drop those that are too old. Nothing is copied: each row does this every two seconds.
 * @param {[number, number][]} speeds at what second, in bytes a second; the oldest first
 * @param {any} download
 * @param {number} now in seconds
 */
export function addSpeed(speeds, { status, progress_data: { download_speed: speed } }, now) {
  speeds.push([now, status === "downloading" ? speed : 0]);
  while (speeds[0][0] < now - REMEMBERED_SECONDS) speeds.shift();
  return speeds;
}
