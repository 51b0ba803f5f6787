/** A repository's files, the chosen ones, and whether they fit. One button begins the download. */

import { addDownload, getPage, makePlan } from "../api.js";
import { announce } from "../announcer.js";
import { adviceOn } from "../board/describe.js";
import { bytes, duration } from "../format.js";
import { linked } from "../mentions.js";
import { go } from "../router.js";
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact/preact-htm.js";
import { say } from "../words.js";
import { likelyChoice, patternsFor, readyChoices, sizeOf } from "./choices.js";
import { FileTree } from "./file_tree.js";
import { useAnswer } from "./loading.js";
import { usualSpeed } from "./usual_speed.js";

/** `target`: provider, repository, revision, and a file if only one was named. */
export function PlanView({ target }) {
  const { provider, repository, revision } = target;
  const asked = { provider_id: provider.id, repository, revision };
  const { answer: plan, error, again } = useAnswer(() => makePlan(asked), "plan");
  if (error) {
    return html`<p class="notice" role="alert">${explain(error)} <button type="button" class="quiet" onClick=${again}>${say("app.try_again")}</button></p>`;
  }
  if (!plan) return html`<p class="quiet-text" role="status">${say("plan.asking", { provider: provider.name, repository })}</p>`;
  if (plan.files.length === 0) return html`<p class="quiet-text">${say("plan.no_files", { repository })}</p>`;
  return html`<${Plan} plan=${plan} target=${target} asked=${asked} />`;
}

function explain(error) {
  return error.isOutage ? say("app.trying_again", { reason: error.message }) : advised(error.message, adviceOn(error.message));
}

function advised(reason, advice) {
  return advice ? say("plan.refused", { reason: reason.replace(/\.$/, ""), advice }) : reason;
}

function Plan({ plan, target, asked }) {
  const choices = useMemo(() => readyChoices(plan.files), [plan]);
  const [key, setKey] = useState(() => (target.file ? "own" : likelyChoice(choices)));
  const [own, setOwn] = useState(() => new Set(plan.files.filter(({ path }) => path === target.file)));
  const [priority, setPriority] = useState(0);
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const usual = useUsualSpeed();
  const heading = useRef(null);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current.focus({ preventScroll: true }); // the pressed result is gone
  }, []);

  const chosen = key === "own" ? [...own] : (choices.find((choice) => choice.key === key)?.files ?? []);
  const missing = chosen.filter((file) => !file.is_here);
  const patterns = patternsFor(chosen, plan.files);
  const obstacle = findObstacle({ chosen, missing, plan, patterns, file: target.file });

  async function begin() {
    if (isBusy) return;
    setBusy(true);
    try {
      const row = await addDownload({ ...asked, ...patterns, priority });
      announce(say("plan.queued", { repository: target.repository }));
      dispatchEvent(new CustomEvent("downloads-changed", { detail: { rows: [row], gone: [] } }));
      go("");
    } catch (error) {
      setFault(error.message);
      setBusy(false);
    }
  }
  return html`<section class="plan" aria-label=${say("plan.of", { repository: target.repository })}>
    <h3 class="plan-name" ref=${heading} tabindex="-1">${target.repository} <small>${[target.provider.name, target.revision, plan.commit?.slice(0, 10)].filter(Boolean).join(" · ")}</small></h3>
    <fieldset class="choices"><legend>${say("plan.what")}</legend>
      ${choices.map((choice) => html`<label key=${choice.key} class="choice">
        <input type="radio" name="choice" checked=${key === choice.key} onChange=${() => setKey(choice.key)} />
        <span class="choice-label">${choice.label}</span>
        <span class="choice-note">${choice.note}</span>
        <span class="choice-size">${sizeWords(choice.files)}</span></label>`)}
      <label class="choice"><input type="radio" name="choice" checked=${key === "own"} onChange=${() => setKey("own")} />
        <span class="choice-label">${say("plan.own_choice")}</span><span class="choice-note"></span>
        <span class="choice-size">${key === "own" ? sizeWords(chosen) : ""}</span></label>
    </fieldset>
    <${FileTree} files=${plan.files} chosen=${new Set(chosen)} onChange=${(files) => { setOwn(files); setKey("own"); }} />
    <p class="plan-sum" role="status">${summarize({ chosen, missing, plan, usual })}</p>
    ${obstacle && html`<p class="notice">${obstacle}</p>`}
    ${fault && html`<p class="notice" role="alert">${linked(fault)}</p>`}
    <p class="plan-end">
      <label class="priority">${say("plan.priority")} <input type="number" min="-1000" max="1000" value=${priority}
        onChange=${(event) => setPriority(Number(event.currentTarget.value))} /></label>
      <button type="button" class="begin" disabled=${obstacle !== ""} aria-busy=${isBusy} onClick=${begin}>${say("plan.download")}</button>
    </p>
  </section>`;
}

function sizeWords(files) {
  const size = sizeOf(files);
  return [size === null ? say("amount.unknown_size") : bytes(size), say("count.files", { count: files.length })].join(" · ");
}

/** Why the download cannot begin, or "". */
function findObstacle({ chosen, missing, plan, patterns, file }) {
  const size = sizeOf(missing);
  if (chosen.length === 0) {
    const isThere = !file || plan.files.some(({ path }) => path === file);
    return isThere ? say("plan.choose_one") : say("plan.no_such_file", { file });
  }
  if (patterns === null) return say("plan.too_many");
  if (size !== null && size > plan.free_bytes) return advised(say("plan.no_room", { needed: bytes(size), free: bytes(plan.free_bytes) }), say("advice.room"));
  if (size !== null && plan.quota_left_bytes !== null && size > plan.quota_left_bytes) {
    return advised(say("plan.over_quota", { left: bytes(plan.quota_left_bytes) }), say("advice.quota"));
  }
  return "";
}

function summarize({ chosen, missing, plan, usual }) {
  const size = sizeOf(missing);
  const here = chosen.length - missing.length;
  const files = say("count.files", { count: missing.length });
  return [
    size === null ? say("plan.to_fetch", { files }) : say("plan.to_fetch_of", { files, size: bytes(size) }),
    here > 0 && say("plan.here", { count: here }),
    say("plan.free", { size: bytes(plan.free_bytes) }),
    plan.quota_left_bytes !== null && say("plan.quota_left", { size: bytes(plan.quota_left_bytes) }),
    usual && size && say("plan.usual_speed", { time: duration(size / usual) }),
  ].filter(Boolean).join(" · ");
}

/** Bytes per second of the last completed downloads; null if there are none. */
function useUsualSpeed() {
  const latest = { status: "completed", sort: "-completed_at", page_size: 20 };
  const { answer } = useAnswer(() => getPage("downloads", latest), "usual");
  return answer ? usualSpeed(answer.rows) : null;
}
