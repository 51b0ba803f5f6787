/** The rows of the board: a card for what runs, a line for what waits or is paused, a note for what ended. */

import { actionsOf } from "../actions.js";
import { amount, fraction, percent, speed } from "../format.js";
import { address } from "../http.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { Bar } from "./bar.js";
import { adviceFor, filesDone, outcomeOf, reasonOf, timeLeft } from "./describe.js";
import { Name } from "./name.js";
import { HEIGHT, linePath, WIDTH } from "./plot.js";

const PLOTTED_SECONDS = 120;

/**
 * @typedef {object} RowProps what each kind of row is given
 * @property {any} download the stream's or REST's row
 * @property {[number, number][]} speeds
 * @property {any} silence of a running download (silence.js)
 * @property {any} detail REST's row of a waiting download, or null
 * @property {string} name of the repository
 * @property {string} provider also its owner, where rows of several users are shown
 * @property {boolean} isChosen
 * @property {{ top: number, height: number, slot: string }} place
 * @property {number} position from 1
 * @property {number} count of the rows of its list
 * @property {(event: any) => void} onChoose
 * @property {(action: import("../actions.js").Action, event: any) => void} onAct
 * @property {(() => void) | null} onDismiss
 */

/** @param {RowProps} props */
export function Card(props) {
  const { download, speeds, silence, name, provider } = props;
  const { progress_data: progress } = download;
  const done = fraction(progress.current_bytes, progress.total_bytes);
  const left = timeLeft(download, silence);
  const now = speeds.at(-1)?.[0] ?? 0;
  const path = linePath(speeds, now - PLOTTED_SECONDS, now);
  return html`<${Frame} ...${props} kind="card">
    <span class="provider">${provider}</span>
    <span class="percent">${done === null ? "" : percent(done)}</span>
    <${Bar} fraction=${done} run=${download.started_at} words=${left} label=${name} />
    <p class="facts"><span class="amount">${amount(progress.current_bytes, progress.total_bytes)}</span><span class="files">${filesDone(progress)}</span
      >${progress.current_file !== null && html`<span class="file" title=${progress.current_file}><${Name} text=${progress.current_file} /></span>`}</p>
    <svg class="plot" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path class="plot-floor" d=${`M0,${HEIGHT - 0.5}H${WIDTH}`} /><path class="plot-line" d=${path} /></svg>
    <p class="pace"><span class="speed">${speed(progress.download_speed)}</span><span class="time-left">${left}</span></p>
  <//>`;
}

/** @param {RowProps} props */
export function Line(props) {
  const { download, detail, name, provider } = props;
  const { current_bytes: current, total_bytes: total } = download.progress_data;
  const done = fraction(current, total);
  const words = download.status === "pending" ? reasonOf(detail) : outcomeOf(download);
  return html`<${Frame} ...${props} kind="short">
    <span class="provider">${provider}</span>
    <span class="reason" title=${words}>${words}</span>
    <span class="amount">${done === null || current === 0 ? "" : amount(current, total)}</span>
    <${Bar} fraction=${done} isStill run=${download.started_at} words=${words} label=${name} />
  <//>`;
}

/** @param {RowProps} props */
export function Ended(props) {
  const { download, name, provider } = props;
  const { current_bytes: current, total_bytes: total } = download.progress_data ?? { current_bytes: 0, total_bytes: null };
  const done = download.status === "completed" ? 1 : (fraction(current, total) ?? 0);
  const words = outcomeOf(download);
  const advice = adviceFor(download);
  return html`<${Frame} ...${props} kind="over">
    <span class="provider">${provider}</span>
    <${Bar} fraction=${done} isStill run=${download.started_at} words=${words} label=${name} />
    <p class="outcome" title=${download.error_message ?? words}>${words}</p>
    ${advice && html`<p class="advice">${advice}</p>`}
  <//>`;
}

/** What all rows have: their place, a box to choose them, the name, the actions. */
function Frame({ download, name, isChosen, place, position, count, onChoose, onAct, onDismiss, kind, children }) {
  return html`<li class=${`row ${kind}`} data-id=${download.id} data-status=${download.status} aria-posinset=${position} aria-setsize=${count}
      style=${{ transform: `translateY(${place.top}px)`, height: `${place.height}px` }}>
    <input type="checkbox" class="choose" checked=${isChosen} aria-label=${say("choose.one", { name })} onClick=${onChoose} />
    <h3 class="repository" title=${name}><a data-inside href=${address(`downloads/${download.id}`)} aria-label=${name}><${Name} text=${name} /></a></h3>
    ${children}
    <div class="actions">
      ${actionsOf(download.status).filter((action) => action !== "delete").map((action) => html`<${Button} key=${action} action=${action}
        icon=${action} label=${say("action.of", { action: sayNamed("action", action), name })} title=${sayNamed("action", action)} onPress=${(event) => onAct(action, event)} />`)}
      ${onDismiss && html`<${Button} key="dismiss" action="dismiss" icon="cancel" label=${say("action.of", { action: say("action.dismiss"), name })}
        title=${say("action.dismiss")} onPress=${onDismiss} />`}
    </div></li>`;
}

function Button({ action, icon, label, title, onPress }) {
  return html`<button type="button" class="action" data-action=${action} title=${title} aria-label=${label} onClick=${onPress}>
    <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><use href=${`#icon-${icon}`} /></svg></button>`;
}

/** The line that counts the waiting rows which are not shown. */
export function More({ place, onToggle }) {
  const words = place.isOpen ? say("board.fewer") : say(place.group === "paused" ? "board.more_paused" : place.group === "failed" ? "board.more_failed" : "board.more_wait", { count: place.count });
  return html`<li class="row more" style=${{ transform: `translateY(${place.top}px)`, height: `${place.height}px` }}>
    <button type="button" class="quiet" aria-expanded=${place.isOpen} onClick=${onToggle}>${words}</button></li>`;
}
