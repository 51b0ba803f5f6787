/** Rows of a view that can be chosen, and what the view does when downloads change. */

import { focusedRow, restoreFocus } from "../board/focus.js";
import { byId } from "../dom.js";
import { Selection } from "../selection.js";
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact/preact-htm.js";
import { ActionBar } from "./action_bar.js";

/**
 * Call `onChange` with the new rows and the ids that are gone whenever something is done to downloads, in this tab.
 * @param {(rows: any[], gone: string[]) => void} onChange
 */
export function useChanges(onChange) {
  useEffect(() => {
    const listener = (/** @type {any} */ { detail }) => onChange(detail.rows, detail.gone);
    addEventListener("downloads-changed", listener);
    return () => removeEventListener("downloads-changed", listener);
  }, [onChange]);
}

/**
 * Keep the keyboard's focus on its row when a drawing of this view moves the row, gives it other buttons, or takes it away. A row that
 * goes from one list to another may be in neither for one drawing.
 */
export function useKeptFocus() {
  const lost = useRef(null);
  const before = focusedRow(byId("view")) ?? lost.current;
  useEffect(() => { lost.current = restoreFocus(byId("view"), before) ? null : before; });
}

/**
 * What lets rows be chosen: `propsOf(row)` goes to each row, `bar` below the list.
 * @param {any[]} rows all that are loaded, in their order
 */
export function useChoosing(rows) {
  useKeptFocus();
  const [, setTurn] = useState(0);
  const selection = useMemo(() => new Selection(() => setTurn((turn) => turn + 1)), []);
  useEffect(() => {
    const press = (event) => selection.press(event);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [selection]);
  const order = rows.map(({ id }) => id);
  selection.keep((id) => order.includes(id));
  const targets = rows.filter(({ id }) => selection.ids.has(id)).map(({ id, status, repository: name, path }) => ({ id, status, name, path }));
  return {
    propsOf: ({ id }) => ({
      isChosen: selection.ids.has(id),
      onChoose: (event) => selection.set(id, event.currentTarget.checked, event.shiftKey, order),
    }),
    bar: html`<${ActionBar} targets=${targets} all=${rows.length} onAll=${() => selection.replace(order)} onClear=${() => selection.replace([])} />`,
  };
}
