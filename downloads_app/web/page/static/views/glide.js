/** What moves because something above it has come or gone glides to its new place: the eye can follow, and nothing jumps. */

const MOVING = "section, .line, .entry, .files-list > li, .story > li, .details";
/** @type {KeyframeAnimationOptions} What is on its way already goes on from where it is seen: both ways add up. */
const PACE = { duration: 250, easing: "ease-out", composite: "add" };
const wantsStillness = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Watch a part of the page until `stop()`. Places are those of the layout (`offsetTop` knows no transforms), so that what is on its way
 * is measured where it will be.
 * @param {HTMLElement} place
 */
export function glide(place) {
  let tops = measure(place);
  const changes = new MutationObserver(() => {
    const before = tops;
    tops = measure(place);
    if (!wantsStillness.matches) animate(movesOf(before, tops));
  });
  const sizes = new ResizeObserver(() => {
    tops = measure(place); // also where no element came or went: the window is another, a list was opened
  });
  changes.observe(place, { childList: true, characterData: true, subtree: true });
  sizes.observe(place);
  return function stop() {
    changes.disconnect();
    sizes.disconnect();
  };
}

/**
 * @param {HTMLElement} place
 * @returns {Map<HTMLElement, number>}
 */
function measure(place) {
  const found = /** @type {HTMLElement[]} */ ([...place.querySelectorAll(MOVING)]);
  return new Map(found.map((one) => [one, topOf(one)]));
}

/**
 * From the document's top. `offsetTop` alone is told from what is around it, as soon and as long as that glides.
 * @param {HTMLElement} one
 */
function topOf(one) {
  let top = 0;
  for (let at = /** @type {Element | null} */ (one); at instanceof HTMLElement; at = at.offsetParent) top += at.offsetTop;
  return top;
}

/**
 * How far upwards each has moved, in pixels.
 * @param {Map<HTMLElement, number>} before
 * @param {Map<HTMLElement, number>} after
 * @returns {Map<Element, number>}
 */
function movesOf(before, after) {
  const both = [...after].filter(([one]) => before.has(one));
  return new Map(both.map(([one, top]) => [one, (before.get(one) ?? top) - top]));
}

/** @param {Map<Element, number>} moves */
function animate(moves) {
  for (const [one, by] of moves) {
    const around = one.parentElement?.closest(MOVING);
    const rest = by - ((around && moves.get(around)) ?? 0); // it moves with what is around it
    if (rest !== 0) one.animate({ transform: [`translateY(${rest}px)`, "none"] }, PACE);
  }
}
