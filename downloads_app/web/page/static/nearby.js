/** Tells elements when they come near the screen, so that what nobody can see is not drawn again and again. */

const MARGIN_PIXELS = 400;

const listeners = new WeakMap();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
}, { rootMargin: `${MARGIN_PIXELS}px 0px` });

/** Call `listener(isNear)` now and whenever it changes. */
export function whenNear(element, listener) {
  listeners.set(element, listener);
  observer.observe(element);
}
