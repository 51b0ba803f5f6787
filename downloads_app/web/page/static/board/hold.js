/** Keeps rows in their places while a hand is near them: nothing may slide under the pointer that is about to press. */

const POINTER_MILLISECONDS = 2500; // after its last move the pointer is at rest
const KEY_MILLISECONDS = 2500;

export class Hold {
  #until = 0;
  /** @type {number | undefined} */
  #timer;
  #abort = new AbortController();

  /** `onRelease` is called when the rows may move again. */
  constructor(element, onRelease) {
    this.onRelease = onRelease;
    const listen = (type, call) => element.addEventListener(type, call, { passive: true, signal: this.#abort.signal });
    for (const type of ["pointermove", "pointerdown"]) listen(type, () => this.#extend(POINTER_MILLISECONDS));
    listen("keydown", () => this.#extend(KEY_MILLISECONDS));
    listen("pointerleave", () => this.#release());
  }

  get isOn() {
    return performance.now() < this.#until;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #extend(milliseconds) {
    this.#until = performance.now() + milliseconds;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), milliseconds);
  }

  #release() {
    clearTimeout(this.#timer);
    this.#until = 0;
    this.onRelease();
  }
}
