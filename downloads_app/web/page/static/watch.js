/** The page of one signed-in user: connects the stream, the names and the rows. */

import { announce } from "./announcer.js";
import { changeDownload, getDownload, getLatestDownloads } from "./api.js";
import { Board } from "./board.js";
import { Connection } from "./connection.js";
import { byId, setText, show } from "./dom.js";
import { Downloads } from "./downloads.js";
import { address } from "./http.js";
import { Names } from "./names.js";
import { outcome } from "./row.js";
import { currentUser } from "./session.js";
import { LiveStream } from "./stream.js";
import { Summary } from "./summary.js";
import { SharedStream } from "./tabs.js";
import { say } from "./words.js";

const { serverTime, streamIntervalSeconds } = document.documentElement.dataset;
const intervalSeconds = Number(streamIntervalSeconds);
document.documentElement.style.setProperty("--glide", `${intervalSeconds}s`);

function complain(sentence) {
  setText(byId("complaint"), sentence);
  show(byId("complaint"), sentence !== "");
  if (sentence) announce(sentence);
}

/** Watch until `stop()`. `onSignedOut` is called when the session is over. */
export function watch(user, onSignedOut) {
  const connection = new Connection();
  const summary = new Summary();
  /** @type {number | null} */
  let frame = null;
  const redraw = () => {
    summary.title(downloads.overall(), connection.state);
    frame ??= requestAnimationFrame(draw); // a hidden tab draws nothing until it is visible
  };
  const names = {
    repositories: new Names("repositories", "name", redraw),
    providers: new Names("providers", "name", redraw),
    users: user.role === "admin" ? new Names("users", "username", redraw) : null,
  };
  const nameOf = (download) => names.repositories.get(download.repository_id) ?? say("board.a_download");
  const downloads = new Downloads({
    fetchDetail: getDownload,
    onEnd: (detail) => announce(say("board.ended_as", { name: nameOf(detail), outcome: outcome(detail) })),
    onChange: redraw,
    since: serverTime,
  });
  const board = new Board(names, act);

  function draw() {
    frame = null;
    board.render(downloads);
    summary.render(downloads.overall(), downloads.batch);
    show(byId("empty"), downloads.active.size === 0 && connection.state === "idle");
  }

  async function act(id, action, button) {
    button.disabled = true;
    complain("");
    try {
      const detail = await changeDownload(id, action);
      downloads.settle(detail);
      shared.look();
    } catch (error) {
      complain(error.message);
    } finally {
      button.disabled = false;
    }
  }

  const receive = (message) => {
    if (message.kind === "update") downloads.update(message.downloads);
    else if (message.kind === "latest") downloads.catchUp(message.downloads);
    else if (message.state === "signed-out") onSignedOut();
    else connection.set(message, redraw);
  };
  const shared = new SharedStream({
    name: `downloads-stream-${user.id}`,
    open: (pass) => new LiveStream({
      url: address("api/downloads/subscribe"),
      intervalSeconds,
      fetchLatest: getLatestDownloads,
      checkSession: async () => (await currentUser())?.id === user.id,
      say: pass,
    }),
    onMessage: receive,
  });

  const lost = () => receive({ kind: "state", state: "lost" });
  const back = () => shared.hurry();
  const look = () => shared.look();
  const clear = () => downloads.clearEnded();
  addEventListener("offline", lost);
  addEventListener("online", back);
  addEventListener("downloads-added", look);
  byId("clear-ended").addEventListener("click", clear);
  show(byId("board"), true);
  redraw();
  return function stop() {
    shared.stop();
    cancelAnimationFrame(frame ?? 0);
    removeEventListener("offline", lost);
    removeEventListener("online", back);
    removeEventListener("downloads-added", look);
    byId("clear-ended").removeEventListener("click", clear);
    show(byId("board"), false);
    board.clear();
    document.title = say("app.name");
  };
}
