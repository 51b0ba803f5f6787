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
 * Return a new copy of a template's only element. Its type depends on the template.
 * @param {string} id
 * @returns {any}
 */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return template.content.firstElementChild?.cloneNode(true);
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

/**
 * Make `elements` the children of `parent` in this order. Move only those in a wrong place, and remove all others.
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
