/** The frame of the account's and the admin's views: their parts at the side, one of them beside it. */

import { address } from "../../http.js";
import { html, useEffect, useRef } from "../../vendor/preact/preact-htm.js";

/**
 * @typedef {{ name: string, title: string, View: unknown }} Part
 */

/**
 * Show the part that the address names, the first one if it names none. `root` is the view's own address.
 * @param {{ label: string, root: string, parts: Part[], route: import("../../router.js").Route, user: any }} given
 */
export function Settings({ label, root, parts, route, user }) {
  const current = parts.find(({ name }) => name === route.parts[0]) ?? parts[0];
  return html`<div class="settings">
    <nav class="parts" aria-label=${label}><ul role="list">${parts.map(({ name, title }) => html`<li key=${name}>
      <a data-inside href=${address(name ? `${root}/${name}` : root)} aria-current=${name === current.name ? "page" : null}>${title}</a></li>`)}</ul></nav>
    <div class="part"><${current.View} key=${route.parts.join("/")} user=${user} route=${route} /></div>
  </div>`;
}

/**
 * The heading of a part. It takes the keyboard's focus where the link that led here is gone.
 * `back`: [path, words] of the list that a row's own page belongs to.
 */
export function Heading({ title, lead = "", back = null, children = null }) {
  const heading = useRef(null);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current.focus({ preventScroll: true });
  }, []);
  return html`<header class="part-head">
    ${back && html`<p class="back"><a data-inside href=${address(back[0])}>← ${back[1]}</a></p>`}
    <div class="part-title"><h2 ref=${heading} tabindex="-1"><bdi>${title}</bdi></h2>${children}</div>
    ${lead && html`<p class="quiet-text">${lead}</p>`}
  </header>`;
}
