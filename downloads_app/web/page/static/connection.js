/** Shows whether the page is up to date. */

import { announce } from "./announcer.js";
import { byId, setText, show } from "./dom.js";
import { showToast } from "./toasts.js";
import { say, sayNamed } from "./words.js";

const WORTH_SAYING_AFTER_MILLISECONDS = 2500; // a reload of the server takes less

export class Connection {
  state = "connecting"; // the one that is shown
  #coming = "connecting";
  /** @type {number | undefined} */
  #timer;
  #toldOfLoss = false;
  #toldOfPolling = false;

  /** Show a state: `lost` after a moment, others at once. */
  set({ state, detail }, onChange) {
    if (state === this.#coming && state !== "trouble") return;
    clearTimeout(this.#timer);
    this.#coming = state;
    const apply = () => {
      this.state = state;
      this.#render(state, detail);
      onChange();
    };
    if (state === "lost" && navigator.onLine) this.#timer = setTimeout(apply, WORTH_SAYING_AFTER_MILLISECONDS);
    else apply();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #render(state, detail) {
    byId("connection").dataset.state = state;
    byId("board").dataset.state = state;
    setText(byId("connection-text"), sayNamed("connection", state));
    setText(byId("trouble"), state === "trouble" ? say("connection.trouble_detail", { reason: detail }) : "");
    show(byId("trouble"), state === "trouble");
    if (state === "polling" && !this.#toldOfPolling) {
      this.#toldOfPolling = true;
      showToast(say("connection.held_back"), null, false);
      announce(say("connection.held_back"));
    }
    if (state === "lost" || state === "trouble") {
      if (!this.#toldOfLoss) announce(`${sayNamed("connection", state)}.`);
      this.#toldOfLoss = true;
    } else if (this.#toldOfLoss && state !== "connecting") {
      this.#toldOfLoss = false;
      announce(say("connection.again"));
    }
  }
}
