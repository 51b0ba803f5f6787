/** The only functions that change the document. They insert text as text, never as markup. */

/**
 * Return the element with this id. It must be on the page.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * Return the form with this id; its `elements` has the controls by name.
 * @param {string} id
 * @returns {HTMLFormElement & {elements: any}}
 */
export function formById(id) {
  return /** @type {HTMLFormElement} */ (document.getElementById(id));
}

/**
 * Set an element's text, only if it differs: in 500 rows a few words change, not 5,000 nodes.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set an attribute, or remove it if the value is null.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Show or hide an element.
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}
