/** The board: draws the rows in sight, in their places, and passes on what is done to them. */

import { act } from "../actions.js";
import { byId } from "../dom.js";
import { isActive } from "../statuses.js";
import { Selection } from "../selection.js";
import { html, render } from "../vendor/preact/preact-htm.js";
import { ActionBar } from "../views/action_bar.js";
import { arrange, cutOut, idsIn, place } from "./arrange.js";
import { focusedRow, focusHeading, restoreFocus } from "./focus.js";
import { Hold } from "./hold.js";
import { Moves } from "./moves.js";
import { Card, Ended, Line, More } from "./rows.js";
import { Section } from "./section.js";
import { Seeds } from "./seeds.js";
import { Sight } from "./sight.js";

export class Board {
  #element = byId("rows");
  #selection;
  #hold;
  #opened = new Set();
  /** @type {import("./arrange.js").Section[] | null} */
  #sections = null;
  /** @type {import("./arrange.js").PlacedSection[]} */
  #placed = [];
  #moves = new Moves();
  #seeds;
  #sight = new Sight(this.#element);
  #abort = new AbortController();
  /** @type {import("../downloads.js").Downloads | null} */
  #downloads = null;

  /**
   * `names` holds `repositories`, `providers` and, for an admin, `users`. `reasons` says why rows wait. `redraw` asks for a `render`
   * soon; `onDismiss` gets a failed download.
   */
  constructor({ names, reasons, redraw, onDismiss, onDismissAll }) {
    this.names = names;
    this.reasons = reasons;
    this.onDismiss = onDismiss;
    this.onDismissAll = onDismissAll;
    this.redraw = redraw;
    this.#selection = new Selection(redraw);
    this.#seeds = new Seeds(redraw);
    this.#hold = new Hold(this.#element, redraw);
    const options = { passive: true, signal: this.#abort.signal };
    addEventListener("scroll", () => this.#sight.look() && redraw(), options);
    addEventListener("resize", () => {
      this.#sight.measure();
      redraw();
    }, options);
    addEventListener("keydown", (event) => this.#selection.press(event), options);
  }

  stop() {
    this.#abort.abort();
    this.#hold.stop();
    render(null, this.#element);
    render(null, byId("action-bar"));
  }

  /** @param {import("../downloads.js").Downloads} downloads */
  render(downloads) {
    this.#downloads = downloads;
    const sections = this.#arranged(downloads);
    const { sections: placed, height } = place(sections, this.#sight.heights);
    this.#placed = placed;
    this.#sight.look();
    const focus = focusedRow(this.#element);
    const shown = cutOut(placed, this.#sight.from, this.#sight.to, focus?.id ?? null);
    this.#moves.note(shown);
    this.reasons.want([...idsIn(shown)].map((id) => downloads.active.get(id)?.download).filter((one) => one?.status === "pending"));
    this.#element.style.height = `${height}px`;
    render(shown.map((one) => this.#section(one)), this.#element);
    restoreFocus(this.#element, focus);
    this.#selection.keep((id) => this.#find(id) !== null);
    this.#renderBar();
  }

  /** Bring a section into sight, and the keyboard's focus to its heading: it may be far down, and not drawn yet. */
  reveal(kind) {
    const section = this.#placed.find((one) => one.kind === kind);
    if (!section || !this.#downloads) return;
    this.#sight.scrollTo(section.top);
    this.render(this.#downloads);
    focusHeading(this.#element, kind);
  }

  /** The sections: those of before while a hand is near the rows. */
  #arranged(downloads) {
    if (this.#hold.isOn && this.#sections) return this.#sections;
    const { users } = this.names;
    const groupOf = ({ user_id: id }) => (users ? (users.get(id) ?? id.slice(0, 8)) : "");
    this.#sections = arrange(downloads, groupOf, this.#opened);
    return this.#sections;
  }

  /** What is known of a download: `{ download, speeds, silence }`; null if it is gone. */
  #find(id) {
    const entry = this.#downloads?.active.get(id);
    if (entry) return entry;
    const ended = this.#downloads?.ended.get(id);
    return ended ? { download: ended, speeds: [], silence: undefined } : null;
  }

  #nameOf(download) {
    return download.repository ?? this.names.repositories.get(download.repository_id) ?? "…";
  }

  #target(id) {
    const { download } = this.#find(id);
    return { id, status: download.status, name: this.#nameOf(download), path: download.path };
  }

  #section({ rows, ...section }) {
    const { count, kind } = section;
    return html`<${Section} ...${section} heights=${this.#sight.heights} onClear=${() => this.#downloads?.clearEnded()}
      onDismissAll=${() => this.onDismissAll()}>${rows.map((row) => this.#row(row, count, kind))}<//>`;
  }

  #row(row, count, kind) {
    const at = { ...row, top: row.top - this.#sight.heights.heading };
    if (row.slot === "more") return html`<${More} key=${row.id} place=${at} onToggle=${() => this.#toggle(row.group)} />`;
    const entry = this.#find(row.id);
    if (!entry) return html`<li key=${row.id} class="row gone" style=${{ transform: `translateY(${at.top}px)`, height: `${at.height}px` }}></li>`;
    const { download, speeds, silence } = entry;
    const Kind = row.slot === "line" ? Line : row.slot === "card" && isActive(download) ? Card : Ended;
    const showsUser = this.names.users !== null && kind !== "group";
    const provider = [this.names.providers.get(download.provider_id) ?? download.provider ?? "", showsUser && (this.names.users.get(download.user_id) ?? "")].filter(Boolean).join(" · ");
    const points = Kind === Card ? this.#seeds.before(row.id, speeds) : speeds;
    return html`<${Kind} key=${row.id} download=${download} speeds=${points} silence=${silence} detail=${this.reasons.get(download)} name=${this.#nameOf(download)}
      provider=${provider} isChosen=${this.#selection.ids.has(row.id)} place=${at} position=${row.position} count=${count}
      onChoose=${(event) => this.#choose(row.id, event)} onAct=${(action, event) => this.#act(action, row.id, event)}
      onDismiss=${download.status === "failed" ? () => this.onDismiss(download) : null} />`;
  }

  #toggle(group) {
    if (!this.#opened.delete(group)) this.#opened.add(group);
    this.#sections = null;
    this.redraw();
  }

  #choose(id, event) {
    const order = (this.#sections ?? []).flatMap(({ places }) => places.filter(({ slot }) => slot !== "more").map((one) => one.id));
    this.#selection.set(id, event.currentTarget.checked, event.shiftKey, order);
  }

  #act(action, id, event) {
    if (event.detail > 0 && this.#moves.isMoving(id)) return; // a click, not a key
    act(action, [this.#target(id)]);
  }

  #renderBar() {
    const everything = () => [...(this.#downloads?.active.keys() ?? []), ...(this.#downloads?.ended.keys() ?? [])];
    render(html`<${ActionBar} targets=${[...this.#selection.ids].map((id) => this.#target(id))} all=${everything().length}
      onAll=${() => this.#selection.replace(everything())} onClear=${() => this.#selection.replace([])} />`, byId("action-bar"));
  }
}
