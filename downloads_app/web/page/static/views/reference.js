/** Reads what people paste: `org/name`, the address of a hub's page or of a file, a provider with a folder. Pure. */

const KNOWN_HUB_HOSTS = new Set(["huggingface.co", "hf.co", "www.huggingface.co"]);
const HUB_PAGE = /^((?:datasets|spaces)\/)?([\w.-]+\/[\w.-]+)(?:\/(?:tree|blob|resolve|raw)\/([^/]+)(?:\/(.+))?)?\/?$/;
const NAME = /^[^\s:@]+(?:\/[^\s:@]+)*$/;

/**
 * Return what a text names among `providers`: `{provider, repository, revision, file}`; null if it names nothing.
 *
 * `preferred` is the provider for a bare name. `name@revision` and `provider:name` are understood too.
 */
export function readReference(text, providers, preferred) {
  const given = text.trim();
  if (/^https?:\/\//i.test(given)) return readAddress(given, providers);
  const [, named, rest] = given.match(/^([\w.-]+):(.+)$/) ?? [null, null, given];
  const provider = named ? providers.find(({ name }) => name === named) : preferred;
  const [, repository, revision = null] = rest.match(/^([^@]+)(?:@(.+))?$/) ?? [];
  if (!provider || !repository || !NAME.test(repository)) return null;
  return { provider, repository: repository.replace(/\/+$/, ""), revision, file: null };
}

function readAddress(given, providers) {
  let url;
  try {
    url = new URL(given);
  } catch {
    return null;
  }
  for (const provider of providers) {
    const found = provider.kind === "huggingface" ? readHubPage(url, provider) : readFolder(url, provider);
    if (found) return found;
  }
  return null;
}

function readHubPage(url, provider) {
  const path = below(url, provider) ?? (KNOWN_HUB_HOSTS.has(url.hostname) ? decode(url.pathname.slice(1)) : null);
  const [, kind = "", name, revision = null, file = null] = path?.match(HUB_PAGE) ?? [];
  return name ? { provider, repository: kind + name, revision, file } : null;
}

function readFolder(url, provider) {
  const path = below(url, provider);
  if (!path) return null;
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  const isFile = !path.endsWith("/") && /\.\w+$/.test(path);
  if (!isFile) return { provider, repository: path.replace(/\/+$/, ""), revision: null, file: null };
  return { provider, repository: folder || ".", revision: null, file: path.slice(path.lastIndexOf("/") + 1) };
}

/** The path of an address below a provider's own address; null if it is elsewhere. */
function below(url, provider) {
  let own;
  try {
    own = new URL(provider.url);
  } catch {
    return null; // a list of addresses has no own address
  }
  const root = own.pathname.replace(/\/*$/, "/");
  return own.origin === url.origin && url.pathname.startsWith(root) ? decode(url.pathname.slice(root.length)) : null;
}

function decode(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
