/** 1,000 rows by Preact and htm, as the page has them. */

import { html, render } from "./preact-htm.js";

function Row({ row }) {
  return html`<li data-status=${row.status}><h3>${row.name}</h3><span>${row.amount}</span><span>${row.speed}</span><span>${row.left}</span>
    <div style=${{ transform: `scaleX(${row.done})` }}></div></li>`;
}

export function draw(list, place) {
  render(list.map((row) => html`<${Row} key=${row.id} row=${row} />`), place);
}
