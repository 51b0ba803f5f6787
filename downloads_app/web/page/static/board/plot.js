/** Lines of a speed over time, as SVG paths. Pure. */

export const WIDTH = 120;
export const HEIGHT = 28;

/**
 * Return the path of `points` ([seconds, bytes per second], oldest first) between `from` and `to` in seconds.
 *
 * The axis of time is fixed: a new point moves the line to the left and changes no other point's height, unless it is a new
 * highest one. Where nothing was measured there is no line.
 * @param {[number, number][]} points
 * @param {number} from
 * @param {number} to
 * @param {number} [gap] two points farther apart, in seconds, are not joined
 */
export function linePath(points, from, to, gap = Infinity) {
  const shown = points.filter(([at]) => at >= from && at <= to);
  if (shown.length < 2) return "";
  const highest = Math.max(1, ...shown.map(([, speed]) => speed));
  return shown.map(([at, speed], index) => {
    const x = (WIDTH * (at - from)) / (to - from);
    const y = HEIGHT - 1 - (HEIGHT - 3) * (speed / highest);
    const isApart = index === 0 || at - shown[index - 1][0] > gap;
    return `${isApart ? "M" : "L"}${x.toFixed(1)},${y.toFixed(1)}`;
  }).join("");
}
