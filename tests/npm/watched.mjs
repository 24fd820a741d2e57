// Which methods of an SDK were called: wraps those of its objects, and of what they give.

const seen = new Set();
export const called = new Set();

export function watch(value) {
  if (!value || typeof value !== "object") return value;
  const kind = Object.getPrototypeOf(value);
  if (!kind || kind === Object.prototype || Array.isArray(value) || value instanceof Promise) return value;
  wrap(kind);
  for (const part of Object.values(value)) {
    const inner = part && typeof part === "object" && Object.getPrototypeOf(part);
    if (inner && inner !== Object.prototype && !seen.has(inner)) watch(part);
  }
  return value;
}

export const methods = new Set();

function wrap(kind) {
  if (kind === Object.prototype || kind === null || seen.has(kind)) return;
  if (Object.getOwnPropertyNames(globalThis).includes(kind.constructor?.name)) return; // Blob, Map, …
  seen.add(kind);
  for (const name of Object.getOwnPropertyNames(kind)) {
    if (["constructor", "then", "fetchPage", "rateLimit", "getAnalytics"].includes(name)) continue;
    const method = kind[name];
    if (typeof method !== "function") continue;
    const label = `${kind.constructor.name}.${name}`;
    methods.add(label);
    kind[name] = function (...given) {
      called.add(label);
      return watch(method.apply(this, given));
    };
  }
  wrap(Object.getPrototypeOf(kind));
}
