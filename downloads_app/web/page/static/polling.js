/** Asks REST for the active downloads where no stream comes through. */

const SLOWER = 2; // an answer of REST costs more than an event
const ANSWER_WITHIN_MILLISECONDS = 10_000;

export class Polling {
  /** @type {number | null} */
  #timer = null;
  #runs = 0;

  /** `say` gets what the stream would say. `fetchActive` takes a signal that aborts it. */
  constructor({ intervalSeconds, fetchActive, say }) {
    this.everyMilliseconds = SLOWER * intervalSeconds * 1000;
    this.fetchActive = fetchActive;
    this.say = say;
  }

  /** Ask once; resolves to whether there was an answer. */
  async look() {
    const mine = ++this.#runs;
    try {
      const downloads = await this.fetchActive(AbortSignal.timeout(ANSWER_WITHIN_MILLISECONDS));
      if (mine === this.#runs) this.say({ kind: "update", downloads });
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Take the place of a stream that has never said a word, until `stop`. Resolves to whether it could: not, if REST does not answer
   * either. Null, if `isStillSilent` says after the answer that it is not needed.
   */
  async replace(isStillSilent) {
    const isThere = await this.look();
    if (!isStillSilent()) return null;
    if (!isThere) {
      this.stop();
      return false;
    }
    this.say({ kind: "state", state: "polling" });
    if (this.#timer === null) this.#plan();
    return true;
  }

  stop() {
    this.#runs += 1;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }

  #plan() {
    this.#timer = setTimeout(async () => {
      const isThere = await this.look();
      if (this.#timer === null) return; // stopped meanwhile
      this.say({ kind: "state", state: isThere ? "polling" : "lost" });
      this.#plan();
    }, this.everyMilliseconds);
  }
}
