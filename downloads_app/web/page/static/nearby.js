/** Tells elements whether they are near the visible part of the page: others need not be drawn. */

const MARGIN_PIXELS = 400;

const listeners = new WeakMap();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
}, { rootMargin: `${MARGIN_PIXELS}px 0px` });

/** Call `listener(isNear)` now and at each change. */
export function whenNear(element, listener) {
  listeners.set(element, listener);
  observer.observe(element);
}
