/** One download: how far it is, its files, its speed, where it is, how to use it, what has happened to it. */

import { getDownload, getPage } from "../api.js";
import { Bar } from "../board/bar.js";
import { filesDone, timeLeft } from "../board/describe.js";
import { listen } from "../board/silence.js";
import { isActive } from "../statuses.js";
import { fraction, speed } from "../format.js";
import { when } from "../times.js";
import { html, useCallback, useMemo, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { useChanges, useKeptFocus } from "./choosing.js";
import { Copy } from "./copy.js";
import { Files } from "./download_files.js";
import { DownloadRow } from "./download_row.js";
import { useAnswer } from "./loading.js";
import { Fault } from "./settings/faults.js";
import { SpeedHistory } from "./speed_history.js";
import { UseIt } from "./use_it.js";

const EVERY_SECONDS = 2;
const FILES_SHOWN = 100;
const FILES_AT_MOST = 1000;
const EVENTS_A_PAGE = 100; // as many as REST gives at once; it keeps 200

export function DownloadView({ user, route }) {
  const { answer, error, again } = useAnswer(() => getDownload(route.id), route.id, EVERY_SECONDS);
  const mayGoOn = answer === null || isActive(answer);
  const [shown, setShown] = useState(FILES_SHOWN);
  const rest = mayGoOn ? "" : answer.status; // it may have run between two looks, and be at rest again
  const files = useAnswer(() => getPage(`downloads/${route.id}/files`, { page_size: shown }), `${route.id} ${rest} ${shown}`,
    (page) => (mayGoOn || (rest === "cancelled" && hasPartialBytes(page)) ? EVERY_SECONDS : 0));
  const { progress, left } = useHeard(answer);
  useChanges(useCallback(() => { again(); }, [again]));
  useKeptFocus();
  if (error?.status === 404) return html`<p class="quiet-text">${say("download.gone")}</p>`;
  if (error && !answer) return html`<${Fault} error=${error} onAgain=${again} />`;
  if (!answer) return html`<p class="quiet-text">${say("app.loading")}</p>`;
  return html`<h2 class="download-name">${answer.repository}</h2>
    <ul class="rows lines alone" role="list"><${DownloadRow} download=${answer} showsUser=${user.role === "admin"}>
      ${answer.status === "downloading" && html`<span>${filesDone(progress)}</span><span>${speed(progress.download_speed)}</span><span>${left}</span>`}
      ${isActive(answer) && html`<${Bar} fraction=${fraction(progress.current_bytes, progress.total_bytes)} run=${answer.started_at} words=${left}
        label=${answer.repository} isStill=${answer.status !== "downloading"} />`}<//></ul>
    <${Facts} download=${answer} />
    <${Files} download=${answer} page=${files.answer} onMore=${shown < FILES_AT_MOST ? () => setShown(FILES_AT_MOST) : null} />
    <${SpeedHistory} id=${route.id} status=${answer.status} />
    <${UseIt} download=${answer} files=${files.answer?.rows ?? []} />
    <${Story} id=${route.id} changedAt=${answer.updated_at} isActive=${answer.status === "downloading"} />`;
}

/** Its progress, and how long it will take, as this and the answers before tell. */
function useHeard(answer) {
  const silence = useRef(undefined);
  return useMemo(() => {
    if (answer === null) return { progress: null, left: "" };
    const heard = listen(silence.current, answer, Date.now() / 1000);
    silence.current = heard.silence;
    return { progress: heard.download.progress_data, left: isActive(answer) ? timeLeft(heard.download, heard.silence) : "" };
  }, [answer]);
}

/** Whether bytes of unfinished files are shown. A worker removes those of a cancelled download when it has let go of it. */
function hasPartialBytes(page) {
  return page?.rows.some(({ completed_at: end, current_bytes: current }) => end === null && current > 0);
}

function Facts({ download }) {
  const facts = [
    [say("download.provider"), download.provider],
    [say("download.revision"), [download.revision, download.commit?.slice(0, 12)].filter(Boolean).join(" · ")],
    [say("download.status"), sayNamed("status", download.status)],
    [say("plan.priority"), String(download.priority)],
    [say("download.added"), when(download.created_at)],
    [say("download.begun"), when(download.started_at)],
    [say("download.ended"), when(download.completed_at)],
    [say("download.attempts"), String(download.attempt)],
  ].filter(([, value]) => value);
  return html`<dl class="details">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    <div class="wide"><dt>${say("download.folder")}</dt><dd class="with-copy"><span>${download.path}</span> <${Copy} text=${download.path} label=${say("download.copy_path")} /></dd></div></dl>`;
}

/** What has happened to it, newest first. */
function Story({ id, changedAt, isActive }) {
  const [pages, setPages] = useState(1);
  const { answer } = useAnswer(() => getEvents(id, pages), `${pages} ${isActive ? id : `${id} ${changedAt}`}`);
  if (!answer || answer.rows.length === 0) return null;
  return html`<section><h3 class="group-heading">${say("download.story")}</h3>
    <ol class="story" role="list">${answer.rows.map((event, place) => html`<li key=${place}>
      <time datetime=${event.at}>${when(event.at)}</time>
      <span>${sayEvent(event)}${event.by ? html` <small>${event.by}</small>` : ""}</span>
    </li>`)}</ol>
    ${answer.total > answer.rows.length && html`<button type="button" class="quiet" onClick=${() => setPages(pages + 1)}>${say("app.more")}</button>`}</section>`;
}

/** The first pages of its events; their list has no cursors. */
async function getEvents(id, pages) {
  const numbers = Array.from({ length: pages }, (_, at) => at + 1);
  const read = await Promise.all(numbers.map((page) => getPage(`downloads/${id}/events`, { page, page_size: EVENTS_A_PAGE })));
  return { rows: read.flatMap(({ rows }) => rows), total: read[0].total };
}

function sayEvent({ event, reason }) {
  const words = sayNamed("event", event);
  return reason ? say("download.story_line", { event: words, reason }) : words;
}
