/** One download: its files, where they are, how to use them. */

import { fileAddress, getDownload, getPage } from "../api.js";
import { bytes, speed } from "../format.js";
import { html, useCallback, useState } from "../vendor/preact/preact-htm.js";
import { quantizationOf } from "./choices.js";
import { DownloadRow } from "./download_row.js";
import { useAnswer } from "./loading.js";
import { EVENT_WORDS, STATUS_WORDS, when, WORDS } from "./words.js";

const EVERY_SECONDS = 3;
const FILES_SHOWN = 100;
const EVENTS_SHOWN = 50;

export function DownloadView({ user, route }) {
  const { answer, error, again } = useAnswer(() => getDownload(route.id), route.id, EVERY_SECONDS);
  const files = useAnswer(() => getPage(`downloads/${route.id}/files`, { page_size: FILES_SHOWN }), route.id, EVERY_SECONDS);
  if (error?.status === 404) return html`<p class="quiet-text">There is no such download (any more).</p>`;
  if (error && !answer) return html`<p class="notice" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="quiet-text">${WORDS.loading}</p>`;
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
    ["Provider", download.provider],
    ["Revision", [download.revision, download.commit?.slice(0, 12)].filter(Boolean).join(" · ")],
    ["Status", STATUS_WORDS[download.status]],
    ["Added", when(download.created_at)],
    ["Begun", when(download.started_at)],
    ["Ended", when(download.completed_at)],
    ["Attempts", String(download.attempt)],
    ["Folder", download.path],
  ].filter(([, value]) => value);
  return html`<dl class="details">${facts.map(([name, value]) => html`<div key=${name} class=${name === "Folder" ? "wide" : ""}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Files({ download, page }) {
  if (!page) return null;
  const { current_file: current } = download.progress_data;
  return html`<section><h3 class="group-heading">Files <small>${page.rows.length}${page.next ? " and more" : ""}</small></h3>
    ${page.rows.length === 0 && html`<p class="quiet-text">They are listed when it begins.</p>`}
    <ul class="files-list" role="list">${page.rows.map((file) => html`<li key=${file.path} data-done=${file.completed_at !== null}>
      <span class="file-path">${file.completed_at ? html`<a href=${fileAddress(download.id, file.path)} download>${file.path}</a>` : file.path}</span>
      <span class="file-size">${file.completed_at ? "here" : file.path === current && download.status === "downloading" ? "being fetched" : "to come"}
        ${file.size_bytes !== null && ` · ${bytes(file.size_bytes)}`}</span></li>`)}</ul></section>`;
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
  return html`<section><h3 class="group-heading">Use it</h3>
    ${commands.map(([name, line]) => html`<${Command} key=${name} name=${name} line=${line} />`)}</section>`;
}

function Command({ name, line }) {
  const [isCopied, setCopied] = useState(false);
  const copy = useCallback(async () => {
    await navigator.clipboard?.writeText(line);
    setCopied(true);
  }, [line]);
  return html`<p class="command"><span>${name}</span><code tabindex="0">${line}</code>
    ${navigator.clipboard && html`<button type="button" class="quiet" onClick=${copy} aria-label=${`Copy the line for ${name}`}>${isCopied ? "Copied" : "Copy"}</button>`}</p>`;
}

/** Quote for a POSIX shell (IEEE 1003.1, 2.2.2): in single quotes every character is literal. */
function quoted(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What has happened to it, newest first. */
function Story({ id, changedAt, isActive }) {
  const { answer } = useAnswer(() => getPage(`downloads/${id}/events`, { page_size: EVENTS_SHOWN }), isActive ? id : `${id} ${changedAt}`);
  if (!answer || answer.rows.length === 0) return null;
  return html`<section><h3 class="group-heading">What has happened</h3>
    <ol class="story" role="list">${answer.rows.map((event, place) => html`<li key=${place}>
      <time datetime=${event.at}>${when(event.at)}</time>
      <span>${EVENT_WORDS[event.event] ?? event.event}${event.reason ? `: ${event.reason}` : ""}${event.by ? html` <small>${event.by}</small>` : ""}</span>
    </li>`)}</ol></section>`;
}
