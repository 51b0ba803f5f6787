/** Shows the API's description, and tries calls of it: with the page's own session, or with a token that is typed in. */

import { address, readCsrf } from "./http.js";

/** Requests of a session by cookie need its CSRF value (web/authentication.py). */
function addProof(request) {
  const proof = readCsrf("access");
  if (request.method !== "GET" && proof && !request.headers.Authorization) request.headers["X-CSRF-TOKEN"] = proof;
  return request;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The vendored bundle is a plain script, which leaves its function here.
globalThis.SwaggerUIBundle({
  url: address("api/openapi.json"),
  dom_id: "#operations",
  deepLinking: true,
  docExpansion: "list",
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // nobody elsewhere is told of this service
  requestInterceptor: addProof,
});
