/** One download on the page: its element and the content of it. */

import { ask } from "./ask.js";
import { Bar } from "./bar.js";
import { fromTemplate, setAttribute, setText, show } from "./dom.js";
import { amount, bytes, duration, fraction, percent, speed } from "./format.js";
import { address } from "./http.js";
import { whenNear } from "./nearby.js";
import { SpeedPlot } from "./speedplot.js";
import { say, sayNamed } from "./words.js";

const ACTIONS = {
  pending: ["pause", "cancel"],
  downloading: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  failed: ["retry"],
  cancelled: ["retry"],
};

export class Row {
  #buttons = "";
  #isNear = true;
  #isNamed = false;
  #draw = () => {};

  /** `act(id, action)` is called when a button is pressed. */
  constructor(id, act) {
    this.id = id;
    this.act = act;
    this.element = fromTemplate("row-template");
    this.element.dataset.id = id;
    const part = (name) => this.element.querySelector(`.${name}`);
    this.repository = part("repository");
    this.provider = part("provider");
    this.percent = part("percent");
    this.amount = part("amount");
    this.files = part("files");
    this.file = part("file");
    this.outcome = part("outcome");
    this.speed = part("speed");
    this.timeLeft = part("time-left");
    this.actions = this.element.querySelector(".actions");
    this.bar = new Bar(this.element.querySelector(".bar"));
    this.plot = new SpeedPlot(this.element.querySelector(".plot"));
    this.repository.id = `download-${id}`;
    this.link = /** @type {HTMLAnchorElement} */ (this.repository.querySelector("a"));
    this.link.href = address(`downloads/${id}`);
    setAttribute(this.bar.element, "aria-labelledby", this.repository.id);
    whenNear(this.element, (isNear) => this.#approached(isNear));
  }

  #approached(isNear) {
    this.#isNear = isNear;
    if (isNear) this.#draw();
  }

  #show(status, draw) {
    const isNews = this.element.dataset.status !== status;
    this.#draw = draw;
    if (this.#isNear || isNews || !this.#isNamed) draw();
  }

  /** Show an active download. */
  showActive(entry, names) {
    this.#show(entry.download.status, () => this.#drawActive(entry, names));
  }

  /** Show how a download ended. `detail` is REST's representation. */
  showEnded(detail, names) {
    this.#show(detail.status, () => this.#drawEnded(detail, names));
  }

  #drawActive({ download, speeds }, names) {
    const progress = download.progress_data;
    this.#drawCommon(download, names);
    setText(this.speed, download.status === "downloading" ? speed(progress.download_speed) : "");
    setText(this.timeLeft, timeLeft(download));
    this.plot.set(speeds);
    this.bar.set(fraction(progress.current_bytes, progress.total_bytes), {
      run: download.started_at, words: timeLeft(download),
    });
    setText(this.percent, this.bar.shown === null ? "" : percent(this.bar.shown));
    show(this.outcome, false);
  }

  #drawEnded(detail, names) {
    const progress = detail.progress_data;
    this.#drawCommon(detail, names);
    if (names.users) setText(this.provider, `${this.provider.textContent} · ${names.users.get(detail.user_id) ?? ""}`);
    const done = detail.status === "completed" ? 1 : fraction(progress.current_bytes, progress.total_bytes);
    this.bar.set(done ?? 0, { run: detail.started_at, words: outcome(detail) });
    setText(this.percent, "");
    setText(this.outcome, outcome(detail));
    show(this.outcome, true);
  }

  #drawCommon(download, names) {
    const progress = download.progress_data;
    const known = names.repositories.get(download.repository_id);
    const name = known ?? download.repository_id.slice(0, 8);
    this.#isNamed = known !== null;
    setAttribute(this.element, "data-status", download.status);
    setText(this.link, name);
    setAttribute(this.repository, "title", name);
    setText(this.provider, names.providers.get(download.provider_id) ?? "");
    setText(this.amount, amount(progress.current_bytes, progress.total_bytes));
    setText(this.files, filesDone(progress));
    setText(this.file, progress.current_file ?? "");
    setAttribute(this.file, "title", progress.current_file);
    this.#offer(ACTIONS[download.status] ?? [], name);
  }

  /** Keep the buttons if they are the same: then the keyboard's focus stays on them. */
  #offer(actions, name) {
    const wanted = `${actions} ${name}`;
    if (wanted === this.#buttons) return;
    this.#buttons = wanted;
    this.actions.replaceChildren(...actions.map((action) => {
      const button = fromTemplate("action-template");
      button.querySelector("use").setAttribute("href", `#icon-${action}`);
      const label = sayNamed("action", action);
      button.title = label;
      button.setAttribute("aria-label", say("action.of", { action: label, name }));
      button.addEventListener("click", async () => {
        if (action !== "cancel" || (await ask(say("action.cancel_question"), say("action.cancel_yes")))) this.act(this.id, action, button);
      });
      return button;
    }));
  }
}

function filesDone({ files_completed: completed, total_files: total, current_file: current }) {
  if (total === null) return "";
  const present = current === null ? completed : Math.min(completed + 1, total);
  return say("row.file_of", { present, total });
}

function timeLeft({ status, progress_data: { eta_seconds: eta, download_speed: pace } }) {
  if (status === "pending") return say("row.waiting");
  if (eta === 0) return say("row.finishing");
  if (eta !== null) return say("amount.left", { time: duration(eta) });
  return pace === 0 ? say("row.stalled") : "";
}

/** How a download ended, in one sentence. */
export function outcome({ status, error_message: reason, started_at: start, completed_at: end, progress_data }) {
  const size = bytes(progress_data.current_bytes);
  const took = start && end ? duration((Date.parse(end) - Date.parse(start)) / 1000) : null;
  switch (status) {
    case "completed": return took === null ? say("outcome.completed", { size }) : say("outcome.completed_in", { time: took, size });
    case "failed": return say("outcome.failed", { reason: reason ?? say("outcome.no_reason") });
    case "cancelled": return say("outcome.cancelled");
    case "paused": return say("outcome.paused");
    default: return say("outcome.removed");
  }
}
