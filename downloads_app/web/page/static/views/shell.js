/** The views other than the live board: shows the one of the address, and marks its link. */

import { byId, setAttribute, show } from "../dom.js";
import { currentRoute, onRoute } from "../router.js";
import { html, render } from "../vendor/preact/preact-htm.js";
import { AccountView } from "./account/account.js";
import { AddView } from "./add.js";
import { AdminView } from "./admin/admin.js";
import { DownloadView } from "./download.js";
import { HistoryView } from "./history.js";
import { WaitingView } from "./waiting.js";

/** @type {Record<string, unknown>} */
const VIEWS = { add: AddView, waiting: WaitingView, history: HistoryView, downloads: DownloadView, account: AccountView, admin: AdminView };
const KEPT = new Set(["account", "admin"]); // these go from one of their parts to the next by themselves

/**
 * Show views for a signed-in user until `stop()`.
 * @param {{ username: string, role: string }} user
 */
export function mountViews(user) {
  const place = byId("view");
  /** @param {import("../router.js").Route} route */
  function draw(route) {
    document.body.dataset.view = route.view;
    for (const link of document.querySelectorAll("body > header a[data-view]")) {
      if (!(link instanceof HTMLAnchorElement)) continue;
      setAttribute(link, "aria-current", link.dataset.view === route.view ? "page" : null);
    }
    const View = VIEWS[route.view];
    dispatchEvent(new Event("view-changed"));
    render(View ? html`<${View} key=${KEPT.has(route.view) ? route.view : (route.id ?? route.view)} user=${user} route=${route} />` : null, place);
  }
  const forget = onRoute((route) => {
    draw(route);
    scrollTo(0, 0);
  });
  show(byId("views"), true);
  show(byId("admin-link"), user.role === "admin");
  draw(currentRoute());
  return function stop() {
    forget();
    render(null, place);
    document.body.dataset.view = "active";
    dispatchEvent(new Event("view-changed"));
    show(byId("views"), false);
  };
}
