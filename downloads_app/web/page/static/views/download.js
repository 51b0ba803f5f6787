/** One download: its files, where they are, how to use them. */

import { fileAddress, getDownload, getPage } from "../api.js";
import { bytes, speed } from "../format.js";
import { when } from "../times.js";
import { html, useCallback, useState } from "../vendor/preact/preact-htm.js";
import { say, sayNamed } from "../words.js";
import { quantizationOf } from "./choices.js";
import { DownloadRow } from "./download_row.js";
import { shownCount, useAnswer } from "./loading.js";

const EVERY_SECONDS = 3;
const FILES_SHOWN = 100;
const EVENTS_SHOWN = 50;

export function DownloadView({ user, route }) {
  const { answer, error, again } = useAnswer(() => getDownload(route.id), route.id, EVERY_SECONDS);
  const files = useAnswer(() => getPage(`downloads/${route.id}/files`, { page_size: FILES_SHOWN }), route.id, EVERY_SECONDS);
  if (error?.status === 404) return html`<p class="quiet-text">${say("download.gone")}</p>`;
  if (error && !answer) return html`<p class="notice" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="quiet-text">${say("app.loading")}</p>`;
  return html`<h2 class="download-name">${answer.repository}</h2>
    <ul class="rows lines alone" role="list"><${DownloadRow} download=${answer} showsUser=${user.role === "admin"} onChange=${again}>
      ${answer.status === "downloading" && html`<span>${speed(answer.progress_data.download_speed)}</span>`}<//></ul>
    <${Facts} download=${answer} />
    <${Files} download=${answer} page=${files.answer} />
    <${UseIt} download=${answer} files=${files.answer?.rows ?? []} />
    <${Story} id=${route.id} changedAt=${answer.updated_at} isActive=${answer.status === "downloading"} />`;
}

function Facts({ download }) {
  const facts = [
    ["provider", download.provider],
    ["revision", [download.revision, download.commit?.slice(0, 12)].filter(Boolean).join(" · ")],
    ["status", sayNamed("status", download.status)],
    ["added", when(download.created_at)],
    ["begun", when(download.started_at)],
    ["ended", when(download.completed_at)],
    ["attempts", String(download.attempt)],
    ["folder", download.path],
  ].filter(([, value]) => value);
  return html`<dl class="details">${facts.map(([name, value]) => html`<div key=${name} class=${name === "folder" ? "wide" : ""}><dt>${sayNamed("download", name)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Files({ download, page }) {
  if (!page) return null;
  const { current_file: current } = download.progress_data;
  return html`<section><h3 class="group-heading">${say("download.files")} <small>${shownCount(page)}</small></h3>
    ${page.rows.length === 0 && html`<p class="quiet-text">${say("download.files_come")}</p>`}
    <ul class="files-list" role="list">${page.rows.map((file) => html`<li key=${file.path} data-done=${file.completed_at !== null}>
      <span class="file-path">${file.completed_at ? html`<a href=${fileAddress(download.id, file.path)} download>${file.path}</a>` : file.path}</span>
      <span class="file-size">${stateOf(file, current, download)}
        ${file.size_bytes !== null && ` · ${bytes(file.size_bytes)}`}</span></li>`)}</ul></section>`;
}

function stateOf(file, current, download) {
  if (file.completed_at) return say("download.file_here");
  return say(file.path === current && download.status === "downloading" ? "download.file_fetched" : "download.file_to_come");
}

/** Commands that use the downloaded files, with the right path. */
function UseIt({ download, files }) {
  if (download.status !== "completed") return null;
  const weights = files.filter(({ path }) => quantizationOf(path) !== null || /\.gguf$/i.test(path));
  const first = weights.find(({ path }) => !/mmproj/i.test(path));
  const projector = weights.find(({ path }) => /mmproj/i.test(path));
  const folder = quoted(download.path);
  const commands = [
    first && ["llama.cpp", `llama-server -m ${quoted(`${download.path}/${first.path}`)}${projector ? ` --mmproj ${quoted(`${download.path}/${projector.path}`)}` : ""}`],
    files.some(({ path }) => /\.safetensors$/i.test(path)) && ["vLLM", `vllm serve ${folder}`],
    files.some(({ path }) => path === "config.json") && ["transformers", `AutoModel.from_pretrained(${JSON.stringify(download.path)})`],
  ].filter(Boolean);
  if (commands.length === 0) return null;
  return html`<section><h3 class="group-heading">${say("download.use")}</h3>
    ${commands.map(([name, line]) => html`<${Command} key=${name} name=${name} line=${line} />`)}</section>`;
}

function Command({ name, line }) {
  const [isCopied, setCopied] = useState(false);
  const copy = useCallback(async () => {
    await navigator.clipboard?.writeText(line);
    setCopied(true);
  }, [line]);
  return html`<p class="command"><span>${name}</span><code tabindex="0">${line}</code>
    ${navigator.clipboard && html`<button type="button" class="quiet" onClick=${copy} aria-label=${say("download.copy_line", { name })}>${say(isCopied ? "app.copied" : "app.copy")}</button>`}</p>`;
}

/** Quote for a POSIX shell (IEEE 1003.1, 2.2.2): in single quotes every character is literal. */
function quoted(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What has happened to it, newest first. */
function Story({ id, changedAt, isActive }) {
  const { answer } = useAnswer(() => getPage(`downloads/${id}/events`, { page_size: EVENTS_SHOWN }), isActive ? id : `${id} ${changedAt}`);
  if (!answer || answer.rows.length === 0) return null;
  return html`<section><h3 class="group-heading">${say("download.story")}</h3>
    <ol class="story" role="list">${answer.rows.map((event, place) => html`<li key=${place}>
      <time datetime=${event.at}>${when(event.at)}</time>
      <span>${sayEvent(event)}${event.by ? html` <small>${event.by}</small>` : ""}</span>
    </li>`)}</ol></section>`;
}

function sayEvent({ event, reason }) {
  const words = sayNamed("event", event);
  return reason ? say("download.story_line", { event: words, reason }) : words;
}
