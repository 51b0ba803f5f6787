/** The usual choices of a repository's files: a quantization, weights with their tokenizer, everything. Pure. */

import { say } from "../words.js";

const SHARD = /-\d{5}-of-\d{5}$/;
const QUANTIZATION = /(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_[0-9A-Z]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|F16|F32|FP16|FP32))$/i;
const LARGE_WEIGHTS = /\.(safetensors|gguf|bin|pt|pth|ckpt|onnx|h5|msgpack|tflite|mlmodel|ot)$/i;
const TOKENIZERS_AND_SETTINGS = /\.(json|txt|model|tiktoken|jinja|py)$|(^|\/)(merges|vocab|tokenizer)[^/]*$/i;

/** @type {[RegExp, import("../words.js").Key][]} */
const MEANINGS = [
  [/^(UD-)?(I?Q1|TQ1)/, "choice.about_2_bits"],
  [/^(UD-)?(I?Q2|TQ2)/, "choice.about_3_bits"],
  [/^(UD-)?I?Q3/, "choice.about_3.5_bits"],
  [/^(UD-)?(I?Q4|MXFP4)/, "choice.about_4.5_bits"],
  [/^(UD-)?Q5/, "choice.about_5.5_bits"],
  [/^(UD-)?Q6/, "choice.about_6.5_bits"],
  [/^(UD-)?Q8/, "choice.about_8.5_bits"],
  [/^(BF16|F16|FP16)$/, "choice.16_bits"],
  [/^(F32|FP32)$/, "choice.32_bits"],
];

/**
 * @typedef {{ path: string, size_bytes: number | null, is_here?: boolean }} PlannedFile
 * @typedef {{ key: string, label: string, note: string, files: PlannedFile[] }} Choice
 */

/**
 * The quantization in a GGUF file's name, in capitals; null if there is none.
 * @param {string} path
 */
export function quantizationOf(path) {
  if (!/\.gguf$/i.test(path) || isProjector(path)) return null;
  const stem = path.slice(path.lastIndexOf("/") + 1, -".gguf".length).replace(SHARD, "");
  const inName = stem.match(QUANTIZATION)?.[1];
  const folder = path.split("/").at(-2) ?? "";
  const named = inName ?? (QUANTIZATION.test(`-${folder}`) ? folder : null);
  return named === null ? null : named.toUpperCase();
}

/**
 * What a quantization means, in words.
 * @param {string} quantization
 */
export function meaningOf(quantization) {
  const key = MEANINGS.find(([pattern]) => pattern.test(quantization))?.[1];
  return key ? say(key) : "";
}

/**
 * Whether a file is the image projector that belongs to a model's weights.
 * @param {string} path
 */
export function isProjector(path) {
  return /mmproj[^/]*\.gguf$/i.test(path);
}

/**
 * The sum of the files' sizes in bytes; null while one is unknown.
 * @param {PlannedFile[]} files
 * @returns {number | null}
 */
export function sizeOf(files) {
  return files.some(({ size_bytes: size }) => size === null) ? null : files.reduce((sum, file) => sum + (file.size_bytes ?? 0), 0);
}

/**
 * The ready-made choices for these files: `{key, label, note, files}`, the most likely one first among equals.
 *
 * The choice of a quantization has all its shards and the projectors.
 * @param {PlannedFile[]} files
 * @returns {Choice[]}
 */
export function readyChoices(files) {
  const projectors = files.filter(({ path }) => isProjector(path));
  const byQuantization = groupBy(files);
  const choices = [...byQuantization]
    .filter(([quantization]) => quantization !== null)
    .map(([quantization, own]) => ({
      key: `${quantization}`, label: `${quantization}`, note: meaningOf(`${quantization}`), files: [...own, ...projectors],
    }))
    .sort((one, other) => (sizeOf(one.files) ?? 0) - (sizeOf(other.files) ?? 0));
  const weights = files.filter(({ path }) => /\.safetensors$/i.test(path));
  if (weights.length > 0) {
    const beside = files.filter(({ path }) => TOKENIZERS_AND_SETTINGS.test(path) && !LARGE_WEIGHTS.test(path));
    choices.push({ key: "weights", label: say("choice.weights"), note: say("choice.weights_note"), files: [...weights, ...beside] });
  }
  choices.push({ key: "everything", label: say("choice.everything"), note: "", files });
  return choices;
}

/**
 * The key of the choice to offer first.
 * @param {Choice[]} choices
 */
export function likelyChoice(choices) {
  const keys = choices.map(({ key }) => key);
  const wanted = [/^Q4_K_M$/, /^(UD-)?Q4/, /^I?Q4|^MXFP4/, /^Q5/, /^weights$/];
  return wanted.map((pattern) => keys.find((key) => pattern.test(key))).find(Boolean) ?? keys[0];
}

/** @param {PlannedFile[]} files */
function groupBy(files) {
  /** @type {Map<string | null, PlannedFile[]>} */
  const groups = new Map();
  for (const file of files) {
    const key = quantizationOf(file.path);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return groups;
}

const MAX_PATTERNS = 100;
const MAX_CHARACTERS = 5000;

/**
 * A glob that matches this path alone.
 * @param {string} path
 */
function literally(path) {
  return path.replace(/[[*?]/g, "[$&]");
}

/** @param {string[]} patterns */
function fits(patterns) {
  return patterns.length <= MAX_PATTERNS && patterns.reduce((sum, pattern) => sum + pattern.length, 0) <= MAX_CHARACTERS;
}

/**
 * `include` and `exclude` for exactly these files; null if the server's limits allow no such list.
 * @param {PlannedFile[]} chosen
 * @param {PlannedFile[]} files
 */
export function patternsFor(chosen, files) {
  if (chosen.length === files.length) return { include: [], exclude: [] };
  const include = chosen.map(({ path }) => literally(path));
  if (fits(include)) return { include, exclude: [] };
  const isChosen = new Set(chosen);
  const exclude = files.filter((file) => !isChosen.has(file)).map(({ path }) => literally(path));
  return fits(exclude) ? { include: [], exclude } : null;
}
