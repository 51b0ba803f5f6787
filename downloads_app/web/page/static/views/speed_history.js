/** The speed of one download over its whole time, as its workers have measured it. */

import { getSpeeds } from "../api.js";
import { HEIGHT, linePath, WIDTH } from "../board/plot.js";
import { speed } from "../format.js";
import { when } from "../times.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { useAnswer } from "./loading.js";

const EVERY_SECONDS = 5;
const GAP_SPACINGS = 4; // so much farther apart: it did not run in between

export function SpeedHistory({ id, status }) {
  const { answer } = useAnswer(() => getSpeeds(id), `${id} ${status}`, status === "downloading" ? EVERY_SECONDS : 0);
  if (!answer || answer.points.length < 2) return null;
  /** @type {[number, number][]} */
  const points = answer.points;
  const [[from], [to]] = [points[0], points[points.length - 1]];
  const speeds = points.map(([, value]) => value);
  const words = say("download.speed_words", {
    highest: speed(Math.max(...speeds)), average: speed(speeds.reduce((sum, value) => sum + value, 0) / speeds.length),
  });
  return html`<section><h3 class="group-heading">${say("download.speed")} <small>${words}</small></h3>
    <svg class="speed-history" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${words}>
      <path class="plot-floor" d=${`M0,${HEIGHT - 0.5}H${WIDTH}`} />
      <path class="plot-line" d=${linePath(points, from, to, GAP_SPACINGS * Math.max(1, answer.spacing_seconds))} /></svg>
    <p class="speed-times"><span>${when(new Date(from * 1000).toISOString())}</span><span>${when(new Date(to * 1000).toISOString())}</span></p></section>`;
}
