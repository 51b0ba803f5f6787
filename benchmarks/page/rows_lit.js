/** 1,000 rows by Lit's templates, without its elements: these would bring shadow roots. */

import { html, render } from "./lit-html.js";
import { repeat } from "./directives/repeat.js";
import { styleMap } from "./directives/style-map.js";

export function draw(list, place) {
  render(repeat(list, (row) => row.id, (row) => html`<li data-status=${row.status}><h3>${row.name}</h3><span>${row.amount}</span>
    <span>${row.speed}</span><span>${row.left}</span><div style=${styleMap({ transform: `scaleX(${row.done})` })}></div></li>`), place);
}
