/** Keeps the keyboard's focus on a download's buttons when its row gets another place or other buttons, and moves it to a section. */

/**
 * The row and the button that have the focus now, and the rows beside it, the next one first; null where none has.
 * @param {Element} within
 */
export function focusedRow(within) {
  const focused = document.activeElement;
  const row = focused instanceof HTMLElement && within.contains(focused) ? focused.closest("[data-id]") : null;
  if (!(focused instanceof HTMLElement && row instanceof HTMLElement)) return null;
  const ids = [...within.querySelectorAll("[data-id]")].map((one) => /** @type {HTMLElement} */ (one).dataset.id ?? "");
  const id = row.dataset.id ?? "";
  const at = ids.indexOf(id);
  return { id, action: focused.dataset.action ?? null, beside: [...ids.slice(at + 1), ...ids.slice(0, at).reverse()] };
}

/**
 * Give the focus back to the row that had it, if drawing has taken it away; to the name of one beside it, if that row is gone.
 * Return whether something has the focus now that should.
 * @param {Element} within
 * @param {ReturnType<typeof focusedRow>} before
 */
export function restoreFocus(within, before) {
  if (before === null || document.activeElement !== document.body) return true;
  const find = (id) => within.querySelector(`[data-id="${CSS.escape(id)}"]`);
  const row = find(before.id);
  const button = before.action === null ? null : (row?.querySelector(`[data-action="${before.action}"]`) ?? row?.querySelector("[data-action]"));
  const target = button ?? (row ?? before.beside.map(find).find(Boolean))?.querySelector("a");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  return target instanceof HTMLElement;
}

/**
 * Move the focus to a section's heading, and leave what is in sight as it is.
 * @param {Element} within
 * @param {string} kind
 */
export function focusHeading(within, kind) {
  const heading = within.querySelector(`.${kind} h2`);
  if (heading instanceof HTMLElement) heading.focus({ preventScroll: true });
}
