/** Opens the one stream that all tabs of a user share. */

import { getActiveDownloads, getLatestDownloads } from "./api.js";
import { address } from "./http.js";
import { currentUser } from "./session.js";
import { LiveStream } from "./stream.js";
import { SharedStream } from "./tabs.js";

const intervalSeconds = Number(document.documentElement.dataset.streamIntervalSeconds);

/**
 * @param {{ id: string }} user
 * @param {(message: any) => void} onMessage
 */
export function openShared(user, onMessage) {
  return new SharedStream({
    name: `downloads-stream-${user.id}`,
    open: (pass) => new LiveStream({
      url: address("api/downloads/subscribe"),
      intervalSeconds,
      fetchActive: getActiveDownloads,
      fetchLatest: getLatestDownloads,
      checkSession: async () => (await currentUser())?.id === user.id,
      say: pass,
    }),
    onMessage,
  });
}
