/** A section of the board: its heading, what it says of its rows, and what is done to them all. */

import { speed } from "../format.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

/** @type {Record<string, "board.failed" | "board.paused" | "board.ended">} */
const HEADINGS = { failed: "board.failed", paused: "board.paused", ended: "board.ended" };

/** @param {any} section a placed section; `heights` are the sight's, the children its rows */
export function Section({ kind, name, pace, top, height, count, heights, onClear, onDismissAll, children }) {
  const heading = kind === "group" ? name || say("board.active") : say(HEADINGS[kind]);
  const facts = kind === "group" && name ? [say("count.downloads", { count }), pace > 0 && speed(pace)] : []; // else the summary says it
  return html`<section id=${kind === "group" ? undefined : kind} class=${`group ${kind}`} aria-label=${heading}
      style=${{ transform: `translateY(${top}px)`, height: `${height}px` }}>
    <header><h2 tabindex="-1"><span class="group-name">${heading}</span> <small class="group-facts">${facts.filter(Boolean).join(" · ")}</small></h2>
      ${kind === "ended" && html`<button type="button" class="quiet" onClick=${onClear}>${say("board.clear")}</button>`}
      ${kind === "failed" && count > 1 && html`<button type="button" class="quiet" onClick=${onDismissAll}>${say("board.dismiss_all")}</button>`}
    </header>
    <ul class="rows" role="list" style=${{ height: `${height - heights.heading}px` }}>${children}</ul>
  </section>`;
}
