/** Adds up all downloads together. Pure. */

/**
 * @param {Map<string, { download: any, isSilent: boolean }>} active
 * @param {Map<string, { current: number, total: number | null }>} counted those of which the progress counts; a finished one still does
 * @param {Map<string, any>} ended
 */
export function totalsOf(active, counted, ended) {
  const sums = { currentBytes: 0, totalBytes: 0, speed: 0, activeCount: active.size, unsizedCount: 0, waitingCount: 0, silentCount: 0 };
  let sizedCount = 0;
  for (const { current, total } of counted.values()) {
    if (total === null) continue;
    sizedCount += 1;
    sums.currentBytes += current;
    sums.totalBytes += total;
  }
  for (const { download, isSilent } of active.values()) {
    sums.speed += download.progress_data.download_speed;
    if (download.progress_data.total_bytes === null) sums.unsizedCount += 1;
    if (download.status === "pending") sums.waitingCount += 1;
    if (isSilent) sums.silentCount += 1;
  }
  const failedCount = [...ended.values()].filter(({ status }) => status === "failed").length;
  return { ...sums, totalBytes: sizedCount > 0 ? sums.totalBytes : null, failedCount };
}
