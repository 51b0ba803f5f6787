/** The views other than the live board: shows the one of the address, and marks its link. */

import { byId, setAttribute, show } from "../dom.js";
import { currentRoute, onRoute } from "../router.js";
import { html, render } from "../vendor/preact/preact-htm.js";
import { AddView } from "./add.js";
import { DownloadView } from "./download.js";
import { HistoryView } from "./history.js";
import { WaitingView } from "./waiting.js";

/** @type {Record<string, unknown>} */
const VIEWS = { add: AddView, waiting: WaitingView, history: HistoryView, downloads: DownloadView };

/**
 * Show views for a signed-in user until `stop()`.
 * @param {{ username: string, role: string }} user
 */
export function mountViews(user) {
  const place = byId("view");
  /** @param {import("../router.js").Route} route */
  function draw(route) {
    document.body.dataset.view = route.view;
    for (const link of byId("views").querySelectorAll("a")) {
      setAttribute(link, "aria-current", link.dataset.view === route.view ? "page" : null);
    }
    const View = VIEWS[route.view];
    dispatchEvent(new Event("view-changed"));
    render(View ? html`<${View} key=${route.id ?? route.view} user=${user} route=${route} />` : null, place);
  }
  const forget = onRoute((route) => {
    draw(route);
    scrollTo(0, 0);
  });
  show(byId("views"), true);
  draw(currentRoute());
  return function stop() {
    forget();
    render(null, place);
    document.body.dataset.view = "active";
    show(byId("views"), false);
  };
}
