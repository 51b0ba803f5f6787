/** A part of a long list: its rows have elements only while they are near the window. */

import { html, useEffect, useRef, useState } from "../vendor/preact/preact-htm.js";

const MARGIN = "800px 0px";

/** `draw` returns the rows, as list items. Out of sight nothing is drawn: an empty space of the same height takes their place. */
export function Chunk({ draw }) {
  const box = useRef(null);
  const [height, setHeight] = useState(null); // null: near
  useEffect(() => {
    const observer = new IntersectionObserver(([{ isIntersecting, boundingClientRect }]) => {
      if (isIntersecting) setHeight(null);
      else if (!box.current.contains(document.activeElement)) setHeight((before) => before ?? boundingClientRect.height);
    }, { rootMargin: MARGIN });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return html`<ul ref=${box} role="list" class="chunk" style=${{ height: height === null ? "" : `${height}px` }}>${height === null ? draw() : null}</ul>`;
}
