/** Keeps the keyboard's focus on a download's buttons when its row gets another place or other buttons, and moves it to a section. */

/**
 * The row and the button that have the focus now; null where none has.
 * @param {Element} within
 */
export function focusedRow(within) {
  const focused = document.activeElement;
  const row = focused instanceof HTMLElement && within.contains(focused) ? focused.closest("[data-id]") : null;
  return row instanceof HTMLElement ? { id: row.dataset.id ?? "", action: /** @type {HTMLElement} */ (focused).dataset.action ?? null } : null;
}

/**
 * Give the focus back to the row that had it, if drawing has taken it away.
 * @param {Element} within
 * @param {ReturnType<typeof focusedRow>} before
 */
export function restoreFocus(within, before) {
  if (before === null || document.activeElement !== document.body) return;
  const row = within.querySelector(`[data-id="${CSS.escape(before.id)}"]`);
  const button = before.action === null ? null : (row?.querySelector(`[data-action="${before.action}"]`) ?? row?.querySelector("[data-action]"));
  const target = button ?? row?.querySelector("a");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
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
