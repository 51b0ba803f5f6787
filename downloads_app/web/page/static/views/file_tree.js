/** A repository's files by folder; each can be chosen. The shards of one file are one entry. */

import { bytes } from "../format.js";
import { html, useMemo, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { sizeOf } from "./choices.js";

const SHARD = /-\d{5}-of-(\d{5})(\.[^.]+)$/;
const SHOWN_AT_MOST = 200;

/** `chosen` is a set of `files`. `onChange` gets a new set. */
export function FileTree({ files, chosen, onChange }) {
  const folders = useMemo(() => group(files), [files]);
  return html`<details class="tree"><summary>${say("tree.chosen", { files: say("count.files", { count: files.length }), count: chosen.size })}</summary>
    ${folders.map(({ name, entries }) => html`<${Folder} key=${name} name=${name} entries=${entries} chosen=${chosen} onChange=${onChange} />`)}
  </details>`;
}

function Folder({ name, entries, chosen, onChange }) {
  const [shown, setShown] = useState(SHOWN_AT_MOST);
  const all = entries.flatMap((entry) => entry.files);
  return html`<fieldset class="folder">
    ${name && html`<legend><${Box} files=${all} chosen=${chosen} onChange=${onChange} label=${`${name}/`} /></legend>`}
    <ul role="list">${entries.slice(0, shown).map((entry) => html`<li key=${entry.label}>
      <${Box} files=${entry.files} chosen=${chosen} onChange=${onChange} label=${entry.label} />
      <span class="file-size">${sizeWords(entry.files)}</span></li>`)}</ul>
    ${entries.length > shown && html`<button type="button" class="quiet" onClick=${() => setShown(shown + SHOWN_AT_MOST)}>
      ${say("tree.more", { count: entries.length - shown })}</button>`}
  </fieldset>`;
}

function Box({ files, chosen, onChange, label }) {
  const here = files.filter((file) => chosen.has(file)).length;
  function toggle(event) {
    const next = new Set(chosen);
    for (const file of files) event.currentTarget.checked ? next.add(file) : next.delete(file);
    onChange(next);
  }
  return html`<label class="file-box"><input type="checkbox" checked=${here === files.length} indeterminate=${here > 0 && here < files.length}
    onChange=${toggle} /> <span>${label}</span>${files.every((file) => file.is_here) && html` <small>${say("tree.here")}</small>`}</label>`;
}

function sizeWords(files) {
  const size = sizeOf(files);
  const parts = files.length > 1 ? [say("count.parts", { count: files.length })] : [];
  return [...parts, size === null ? say("amount.unknown_size") : bytes(size)].join(" · ");
}

function group(files) {
  const folders = new Map();
  for (const file of files) {
    const cut = file.path.lastIndexOf("/");
    const folder = file.path.slice(0, Math.max(0, cut));
    const label = file.path.slice(cut + 1).replace(SHARD, (_, total, ending) => say("tree.shards", { total, ending }));
    if (!folders.has(folder)) folders.set(folder, new Map());
    const entries = folders.get(folder);
    entries.set(label, [...(entries.get(label) ?? []), file]);
  }
  return [...folders].sort(([one], [other]) => one.localeCompare(other))
    .map(([name, entries]) => ({ name, entries: [...entries].map(([label, own]) => ({ label, files: own })) }));
}
