/** The browser's own notes about ended downloads. The browser is asked only after a click, and they can be turned off again. */

import { byId } from "./dom.js";
import { address } from "./http.js";
import { html, render, useState } from "./vendor/preact/preact-htm.js";
import { say } from "./words.js";

const KEY = "downloads-notifications";

function isWanted() {
  try {
    return localStorage.getItem(KEY) === "on" && globalThis.Notification?.permission === "granted";
  } catch {
    return false; // storage is forbidden
  }
}

/** Tell of a download that has ended, if its reader is looking elsewhere. */
export function notifyOfEnd({ id, status }, name, outcome) {
  if (!isWanted() || !document.hidden || !["completed", "failed"].includes(status)) return;
  const note = new Notification(name, { body: outcome, tag: id, icon: address("static/icon.svg") });
  note.onclick = () => {
    focus();
    location.assign(address(`downloads/${id}`));
  };
}

/** Show the button that turns them on and off. */
export function showNotificationsButton() {
  render(html`<${NotificationsButton} />`, byId("notify"));
}

function NotificationsButton() {
  const [isOn, setOn] = useState(isWanted());
  const [isDenied, setDenied] = useState(false);
  if (globalThis.Notification === undefined || !globalThis.isSecureContext) return null;

  async function toggle() {
    const allowed = isOn || (await Notification.requestPermission()) === "granted";
    setDenied(!allowed);
    if (!allowed) return;
    localStorage.setItem(KEY, isOn ? "off" : "on");
    setOn(!isOn);
  }
  return html`<button type="button" class="quiet" aria-pressed=${isOn} onClick=${toggle}>${say("notify.button")}</button>
    ${isDenied && html`<small role="status">${say("notify.denied")}</small>`}`;
}
