// What a program of that time did: sign in, follow the downloads with a token, and refresh it.
import { subscribeToDownloads } from "./built/index.js";

const { DOWNLOADS_URL, PASSWORD, RELEASE_URL } = process.env;
const json = { "Content-Type": "application/json" };

async function post(path, body, token) {
  const headers = token ? { ...json, Authorization: `Bearer ${token}` } : json;
  const answer = await fetch(DOWNLOADS_URL + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const tokens = await post("/api/auth/login", { username: "gated", password: PASSWORD });
const renewed = await post("/api/auth/refresh", {}, tokens.refresh_token);
const token = renewed.access_token;
const [provider] = await (await fetch(`${DOWNLOADS_URL}/api/providers?name=gated`, { headers: { Authorization: `Bearer ${token}` } })).json();
const added = await post("/api/downloads", { provider_id: provider.id, repository: "models/tiny" }, token);

let seen = 0;
await new Promise((resolve, reject) => {
  subscribeToDownloads({
    url: `${DOWNLOADS_URL}/api/downloads/subscribe`,
    getToken: () => token,
    onUpdate: ({ downloads }) => {
      if (!downloads.some((one) => one.id === added.id)) return;
      seen += 1;
      if (seen === 1) fetch(RELEASE_URL);
    },
    onComplete: resolve,
    onError: (error) => { if (error.isFinal) reject(error); },
  });
});
const ended = await (await fetch(`${DOWNLOADS_URL}/api/downloads/${added.id}`, { headers: { Authorization: `Bearer ${token}` } })).json();
console.log(JSON.stringify({ seen: seen > 0, status: ended.status }));
