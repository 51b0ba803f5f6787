// A real OpenID Connect provider for the tests: `node provider.mjs PORT CALLBACK`. Whoever gives a name is that person.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, callback] = process.argv.slice(2);
const key = (id, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }),
  kid: id,
  use: "sig",
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "downloads",
      client_secret: "a-secret-that-only-the-tests-know",
      redirect_uris: [callback],
      id_token_signed_response_alg: "RS256",
    },
  ],
  cookies: { keys: ["only-for-the-tests"] },
  jwks: { keys: [key("first", "rsa", { modulusLength: 2048 })] },
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email"], groups: ["groups"] },
  scopes: ["openid", "profile", "email", "groups"],
  findAccount: (_ctx, login) => ({
    accountId: login,
    // "NAME" or "NAME:GROUP"; the subject is all of it.
    claims: () => {
      const [name, group] = login.split(":");
      return { sub: login, preferred_username: name, email: `${name}@example.org`, groups: group ? [group] : [] };
    },
  }),
});

createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log("ready"));
