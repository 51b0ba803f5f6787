/** The few ways in which this page touches the document. Text goes in as text, never as markup. */

/**
 * The element of that id, which is on the page.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A form, its controls by name.
 * @param {string} id
 * @returns {HTMLFormElement & {elements: any}}
 */
export function formById(id) {
  return /** @type {HTMLFormElement} */ (document.getElementById(id));
}

/**
 * A fresh copy of a template's only element; what is in it is the template's business.
 * @param {string} id
 * @returns {any}
 */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return template.content.firstElementChild?.cloneNode(true);
}

/**
 * Write only what differs: 500 rows change a few words each, not 5,000 nodes.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set an attribute, or remove it where the value is null.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Show or hide.
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/**
 * Put `elements` into `parent` in this order, moving only those that stand wrong, and drop the rest.
 * @param {Element} parent
 * @param {Element[]} elements
 */
export function arrange(parent, elements) {
  const wanted = new Set(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const element of elements) {
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}
