/** Looks for new downloads while none is active and the stream is closed. */

import { isActive } from "./statuses.js";

const LOOKS_BEFORE_OPENING = 6; // open it sometimes: the stream decides whether something is active

export class IdleLook {
  #looks = 0;

  /** `fetchLatest` resolves to the downloads that changed last; `say` gets them. */
  constructor({ fetchLatest, say }) {
    this.fetchLatest = fetchLatest;
    this.say = say;
  }

  /** Resolves to whether the stream should be opened; not, if `isStillIdle` says after the answer that it is open already. */
  async look(isStillIdle) {
    this.#looks += 1;
    const latest = await this.fetchLatest().catch(() => null);
    if (!isStillIdle()) return false;
    if (latest) this.say({ kind: "latest", downloads: latest });
    return latest === null || latest.some(isActive) || this.#looks % LOOKS_BEFORE_OPENING === 0;
  }
}
