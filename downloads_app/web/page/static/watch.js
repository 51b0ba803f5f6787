/** The live board of one signed-in user: connects the stream, the names and the rows. */

import { announce } from "./announcer.js";
import { getByIds, getPages } from "./api.js";
import { Board } from "./board/board.js";
import { outcomeOf } from "./board/describe.js";
import { Failures } from "./board/failures.js";
import { Reasons } from "./board/reasons.js";
import { showSummary, showTitle } from "./board/summary.js";
import { Connection } from "./connection.js";
import { byId, show } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Names } from "./names.js";
import { NoWorkerNotice } from "./no_worker.js";
import { notifyOfEnd, showNotificationsButton } from "./notifications.js";
import { openShared } from "./sharing.js";
import { clearToasts } from "./toasts.js";
import { checkVersion } from "./version.js";
import { say } from "./words.js";

const KEPT_EVERY_MILLISECONDS = 60_000; // how often what failed or is paused is listed anew
const KEPT_PAGES_AT_MOST = 5;

const { serverTime } = document.documentElement.dataset;

/** Watch until `stop()`. `onSignedOut` is called when the session is over. */
export function watch(user, onSignedOut) {
  const connection = new Connection();
  const abort = new AbortController();
  /** @type {number | null} */
  let frame = null;
  const redraw = () => {
    if (abort.signal.aborted) return; // an answer that comes after the end: the next user's page is not this one's
    const overall = downloads.overall();
    showTitle(overall, connection.state);
    noWorker.note(overall);
    frame ??= requestAnimationFrame(draw); // a hidden tab draws nothing until it is visible
  };
  const names = {
    repositories: new Names("repositories", "name", redraw),
    providers: new Names("providers", "name", redraw),
    users: user.role === "admin" ? new Names("users", "username", redraw) : null,
  };
  const nameOf = (download) => download.repository ?? names.repositories.get(download.repository_id) ?? say("board.a_download");
  const downloads = new Downloads({
    fetchDetails: (ids) => getByIds("downloads", ids),
    onEnd: (detail) => {
      if (abort.signal.aborted) return;
      announce(say("board.ended_as", { name: nameOf(detail), outcome: outcomeOf(detail) }));
      if (shared.isLeading) notifyOfEnd(detail, nameOf(detail), outcomeOf(detail));
    },
    onChange: redraw,
    since: serverTime,
  });
  const noWorker = new NoWorkerNotice();
  const failures = new Failures(user.id, () => downloads.forget((one) => one.status === "failed" && failures.isDismissed(one)));
  const reasons = new Reasons(redraw);
  const board = new Board({
    names, reasons, redraw,
    onDismiss: (detail) => {
      failures.dismiss(detail);
      downloads.forget(({ id }) => id === detail.id);
    },
    onDismissAll: () => {
      const failed = [...downloads.ended.values()].filter(({ status }) => status === "failed");
      failures.dismissAll(failed);
      downloads.forget(({ status }) => status === "failed");
    },
  });

  function draw() {
    frame = null;
    if (document.body.dataset.view !== "active") return;
    showSummary(downloads.overall(), downloads.batch, () => board.reveal("failed"));
    board.render(downloads);
    show(byId("empty"), downloads.active.size === 0 && ["idle", "polling"].includes(connection.state));
  }

  /** What failed or is paused is on the board after a reload too. */
  async function listKept() {
    for (const [status, sort] of [["failed", "-completed_at"], ["paused", "-updated_at"]]) {
      const kept = await getPages("downloads", { status, sort }, KEPT_PAGES_AT_MOST).catch(() => null);
      if (kept && !abort.signal.aborted) downloads.keep(status, kept.rows.filter((one) => status !== "failed" || !failures.isDismissed(one)), kept.next === null);
    }
  }

  const receive = (message) => {
    if (message.kind === "update") downloads.update(message.downloads ?? JSON.parse(message.text).downloads);
    else if (message.kind === "latest") downloads.catchUp(message.downloads);
    else if (message.state === "signed-out") onSignedOut();
    else {
      if (["live", "idle"].includes(message.state) && connection.state === "lost") {
        checkVersion();
        listKept();
      }
      connection.set(message, redraw);
    }
  };
  const shared = openShared(user, receive);
  const changed = (/** @type {any} */ { detail: { rows, gone } }) => {
    for (const row of rows) downloads.settle(row, true);
    if (gone.length > 0) downloads.forget(({ id }) => gone.includes(id));
    shared.look();
  };

  const options = { signal: abort.signal };
  addEventListener("offline", () => receive({ kind: "state", state: "lost" }), options);
  addEventListener("online", () => shared.hurry(), options);
  addEventListener("downloads-changed", changed, options);
  addEventListener("view-changed", redraw, options);
  const timer = setInterval(() => document.hidden || listKept(), KEPT_EVERY_MILLISECONDS);
  show(byId("board"), true);
  showNotificationsButton();
  redraw();
  listKept();
  return function stop() {
    abort.abort();
    clearInterval(timer);
    shared.stop();
    cancelAnimationFrame(frame ?? 0);
    for (const part of [connection, failures, reasons, board, noWorker, ...Object.values(names)]) part?.stop();
    showSummary({ activeCount: 0 }, 0, () => {});
    clearToasts();
    show(byId("board"), false);
    document.title = say("app.name");
  };
}
