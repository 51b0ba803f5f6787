/** Reads what people paste: `org/name`, the address of a hub's page or of a file, a provider with a folder. Pure. */

const KNOWN_HUB_HOSTS = new Set(["huggingface.co", "hf.co", "www.huggingface.co"]);
const HUB_PAGE = /^((?:datasets|spaces)\/)?([\w.-]+\/[\w.-]+)(?:\/(?:tree|blob|resolve|raw)\/([^/]+)(?:\/(.+))?)?\/?$/;
const NAME = /^([^\s:@]+)(?::([^\s:@/]+))?(?:@(.+))?$/;

/**
 * Return what a text names among `providers`: `{provider, repository, revision, file}`; null if it names nothing.
 *
 * `preferred` is the provider for a bare name. `name@revision` and `provider:name` are understood too, and for a registry `name:tag`.
 */
export function readReference(text, providers, preferred) {
  const given = text.trim();
  if (/^https?:\/\//i.test(given)) return readAddress(given, providers);
  const named = providers.find(({ name }) => given.startsWith(`${name}:`));
  const provider = named ?? preferred;
  const [, repository, tag = null, revision = tag] = given.slice(named ? named.name.length + 1 : 0).match(NAME) ?? [];
  if (!repository || (tag !== null && provider.kind !== "oci")) return null;
  return { provider, repository: repository.replace(/\/+$/, ""), revision, file: null };
}

/** What stands before a colon and names no provider, in a text that names nothing; "" if that is not what is wrong. */
export function unknownProvider(text, providers) {
  const [, before = ""] = text.trim().match(/^([^\s:]+):(?!\/\/)\S/) ?? [];
  return providers.some(({ name }) => name === before) ? "" : before;
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
