/** The views other than the live board: shows the one of the address, and marks its link. */

import { byId, setAttribute, show } from "../dom.js";
import { currentRoute, onRoute } from "../router.js";
import { html, render } from "../vendor/preact/preact-htm.js";
import { AccountView } from "./account/account.js";
import { AddView } from "./add.js";
import { AdminView } from "./admin/admin.js";
import { DownloadView } from "./download.js";
import { glide } from "./glide.js";
import { HistoryView } from "./history.js";
import { WaitingView } from "./waiting.js";

/** @type {Record<string, unknown>} */
const VIEWS = { add: AddView, waiting: WaitingView, history: HistoryView, downloads: DownloadView, account: AccountView, admin: AdminView };
const KEPT = new Set(["account", "admin"]); // these go from one of their parts to the next by themselves

/** Give the focus to a part of the page whose own link or button led here and is gone: the next Tab goes on in what is shown. */
function takeFocus(part) {
  part.tabIndex = -1;
  part.addEventListener("blur", () => part.removeAttribute("tabindex"), { once: true });
  part.focus({ preventScroll: true });
}

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
    const shown = View ? place : byId("board");
    const hadFocus = [place, byId("board")].some((part) => part.contains(document.activeElement));
    dispatchEvent(new Event("view-changed"));
    render(View ? html`<${View} key=${KEPT.has(route.view) ? route.view : (route.id ?? route.view)} user=${user} route=${route} />` : null, place);
    if (hadFocus && !KEPT.has(route.view) && !shown.contains(document.activeElement)) takeFocus(shown);
  }
  const forget = onRoute((route) => {
    draw(route);
    scrollTo(0, 0);
  });
  show(byId("views"), true);
  show(byId("admin-link"), user.role === "admin");
  draw(currentRoute());
  const stopGliding = glide(place);
  return function stop() {
    forget();
    stopGliding();
    render(null, place);
    document.body.dataset.view = "active";
    dispatchEvent(new Event("view-changed"));
    show(byId("views"), false);
  };
}
