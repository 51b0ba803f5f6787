/** A small plot of the speed over the last minutes. */

const WIDTH = 120;
const HEIGHT = 28;
const FIRST_SPAN_SECONDS = 20; // the plot begins with this span, which then grows to the whole history

export class SpeedPlot {
  constructor(element) {
    this.line = element.querySelector(".plot-line");
    this.area = element.querySelector(".plot-area");
  }

  /** `speeds`: [seconds, bytes per second], oldest first. */
  set(speeds) {
    const path = linePath(speeds);
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", path && `${path}V${HEIGHT}H${xOf(speeds, 0)}Z`);
  }
}

function xOf(speeds, index) {
  const newest = speeds.at(-1)[0];
  const span = Math.max(FIRST_SPAN_SECONDS, newest - speeds[0][0]);
  return (WIDTH * (1 - (newest - speeds[index][0]) / span)).toFixed(1);
}

export function linePath(speeds) {
  if (speeds.length < 2) return "";
  const highest = Math.max(1, ...speeds.map(([, speed]) => speed));
  const points = speeds.map(([, speed], index) =>
    `${xOf(speeds, index)},${(HEIGHT - 1 - (HEIGHT - 3) * (speed / highest)).toFixed(1)}`);
  return `M${points.join("L")}`;
}
