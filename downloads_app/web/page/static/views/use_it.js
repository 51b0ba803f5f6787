/** Commands that use the downloaded files, with the right path. */

import { html } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { quantizationOf } from "./choices.js";
import { Copy } from "./copy.js";

export function UseIt({ download, files }) {
  if (download.status !== "completed") return null;
  const commands = commandsFor(download.path, files.map(({ path }) => path));
  if (commands.length === 0) return null;
  return html`<section><h3 class="group-heading">${say("download.use")}</h3>
    ${commands.map(([name, line]) => html`<p key=${name} class="command"><span>${name}</span><code tabindex="0">${line}</code>
      <${Copy} text=${line} label=${say("download.copy_line", { name })} /></p>`)}
    ${!download.path.startsWith("/") && html`<p class="quiet-text">${say("download.use_where")}</p>`}</section>`;
}

/**
 * `[program, command]` for those programs that can use these files. Only admins learn where the folder of all downloads is: others get its
 * variable.
 * @param {string} folder
 * @param {string[]} paths
 */
export function commandsFor(folder, paths) {
  const weights = paths.filter((path) => quantizationOf(path) !== null || /\.gguf$/i.test(path));
  const first = weights.find((path) => !/mmproj/i.test(path));
  const projector = weights.find((path) => /mmproj/i.test(path));
  /** @type {[string, string][]} */
  const commands = [];
  if (first) {
    const line = `llama-server -m ${placed(`${folder}/${first}`)}`;
    commands.push(["llama.cpp", projector ? `${line} --mmproj ${placed(`${folder}/${projector}`)}` : line]);
  }
  if (paths.some((path) => /\.safetensors$/i.test(path))) commands.push(["vLLM", `vllm serve ${placed(folder)}`]);
  if (paths.includes("config.json")) {
    const where = folder.startsWith("/") ? JSON.stringify(folder) : `os.environ["DOWNLOADS_DIR"] + ${JSON.stringify(`/${folder}`)}`;
    commands.push(["transformers", `AutoModel.from_pretrained(${where})`]);
  }
  return commands;
}

/** @param {string} path absolute, or below DOWNLOADS_DIR */
function placed(path) {
  return path.startsWith("/") ? quoted(path) : `"$DOWNLOADS_DIR"/${quoted(path)}`;
}

/** Quote for a POSIX shell (IEEE 1003.1, 2.2.2): in single quotes every character is literal. */
function quoted(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
