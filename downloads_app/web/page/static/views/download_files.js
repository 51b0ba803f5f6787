/** The files of one download, each with its own bar while it comes, and to be saved when it is here. */

import { fileAddress } from "../api.js";
import { Bar } from "../board/bar.js";
import { Name } from "../board/name.js";
import { amount, bytes, fraction } from "../format.js";
import { html } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";

/** `page` is the answer of REST, or null. `onMore` shows more of them; null where no more can be shown. */
export function Files({ download, page, onMore }) {
  if (!page) return null;
  const left = page.total - page.rows.length;
  return html`<section><h3 class="group-heading">${say("download.files")} <small>${page.total}</small></h3>
    ${page.rows.length === 0 && html`<p class="quiet-text">${say("download.files_come")}</p>`}
    <ul class="files-list" role="list">${page.rows.map((file) => html`<${File} key=${file.path} file=${file} download=${download} />`)}</ul>
    ${left > 0 && (onMore ? html`<button type="button" class="quiet" onClick=${onMore}>${say("download.more_files", { count: left })}</button>`
      : html`<p class="quiet-text">${say("download.more_files", { count: left })}</p>`)}</section>`;
}

function File({ file, download }) {
  const { path, size_bytes: size, current_bytes: current } = file;
  const isHere = file.completed_at !== null;
  const isBegun = !isHere && current > 0;
  return html`<li data-done=${isHere} title=${path}>
    <span class="file-path">${isHere ? html`<a href=${fileAddress(download.id, path)} download aria-label=${path}><${Name} text=${path} /></a>` : html`<${Name} text=${path} />`}</span>
    <span class="file-size">${isHere ? say("download.file_here") : isBegun ? amount(current, size) : say("download.file_to_come")}
      ${!isBegun && size !== null && ` · ${bytes(size)}`}</span>
    ${isBegun && html`<${Bar} fraction=${fraction(current, size)} run=${download.started_at} words=${amount(current, size)} label=${path} isStill=${download.status !== "downloading"} />`}
  </li>`;
}
