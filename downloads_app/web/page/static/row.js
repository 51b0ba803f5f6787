/** One download on the page: its element and the content of it. */

import { ask } from "./ask.js";
import { Bar } from "./bar.js";
import { fromTemplate, setAttribute, setText, show } from "./dom.js";
import { bytes, duration, fraction, percent, speed } from "./format.js";
import { address } from "./http.js";
import { whenNear } from "./nearby.js";
import { SpeedPlot } from "./speedplot.js";
import { ACTION_WORDS, WORDS } from "./views/words.js";

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
    setText(this.amount, amount(progress));
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
      const label = ACTION_WORDS[action];
      button.title = label;
      button.setAttribute("aria-label", `${label} ${name}`);
      button.addEventListener("click", async () => {
        if (action !== "cancel" || (await ask(WORDS.cancelQuestion, "Cancel the download"))) this.act(this.id, action, button);
      });
      return button;
    }));
  }
}

function amount({ current_bytes: current, total_bytes: total }) {
  return total === null ? bytes(current) : `${bytes(current)} of ${bytes(total)}`;
}

function filesDone({ files_completed: completed, total_files: total, current_file: current }) {
  if (total === null) return "";
  const present = current === null ? completed : Math.min(completed + 1, total);
  return `file ${present} of ${total}`;
}

function timeLeft({ status, progress_data: { eta_seconds: eta, download_speed: pace } }) {
  if (status === "pending") return "waiting";
  if (eta === 0) return "finishing";
  if (eta !== null) return `${duration(eta)} left`;
  return pace === 0 ? "stalled" : "";
}

/** How a download ended, in one sentence. */
export function outcome({ status, error_message: reason, started_at: start, completed_at: end, progress_data }) {
  const took = start && end ? ` in ${duration((Date.parse(end) - Date.parse(start)) / 1000)}` : "";
  switch (status) {
    case "completed": return `Completed${took} · ${bytes(progress_data.current_bytes)}`;
    case "failed": return `Failed: ${reason ?? "no reason was given"}`;
    case "cancelled": return "Cancelled";
    case "paused": return "Paused, the bytes are kept";
    default: return "Removed";
  }
}
