import { FlotillaError } from "@flotilla/runtime";
import { limits } from "./limits.ts";

const slash = 0x2f;
const dot = 0x2e;
const encoder = new TextEncoder();

/** Controls, surrogates, the private use area and the specials: what ZooKeeper forbids. */
function isForbidden(unit: number): boolean {
  return (
    unit < 0x20 || (unit >= 0x7f && (unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0))
  );
}

/** What of a path lies between two slashes: not empty, `.` or `..`. */
function isSegment(path: string, start: number, end: number): boolean {
  if (end - start > 2) return true;
  return end > start && (path.charCodeAt(start) !== dot || path.charCodeAt(end - 1) !== dot);
}

/** One or more segments, a slash before each. Every read and every write asks, so it is a loop, not an expression. */
function hasShape(path: string): boolean {
  const { length } = path;
  if (path.charCodeAt(0) !== slash) return false;
  let start = 1;
  for (let k = 1; k < length; k += 1) {
    const unit = path.charCodeAt(k);
    if (unit === slash) {
      if (!isSegment(path, start, k)) return false;
      start = k + 1;
    } else if (isForbidden(unit)) {
      return false;
    }
  }
  return isSegment(path, start, length);
}

/** True for a path that a node can have. See {@link validatePath}. */
export function isPath(path: string): boolean {
  // A caller without types may hand over anything, also what only looks like a path once it is made a text.
  if (typeof path !== "string") return false;
  if (path === "/") return true;
  if (!hasShape(path)) return false;
  if (path.length * 3 <= limits.pathBytes) return true;
  return path.length <= limits.pathBytes && encoder.encode(path).length <= limits.pathBytes;
}

/**
 * Refuses what cannot be the path of a node. A path is `/` or `/a/b`: absolute, no empty, `.` or `..` segment, no
 * trailing slash, no control characters, nothing beyond the basic plane, at most 4,096 bytes of UTF-8. It is never
 * normalised.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`
 */
export function validatePath(path: string): void {
  if (isPath(path)) return;
  const shown = typeof path === "string" ? JSON.stringify(path.slice(0, 100)) : `a ${typeof path}`;
  throw new FlotillaError("ERR_FLOTILLA_BAD_PATH", `not a valid path: ${shown}`);
}

/** How many of the first characters are the path of the parent; of a node below the root and of the root itself, one. */
export function parentLength(path: string): number {
  return Math.max(1, path.lastIndexOf("/"));
}

/** The path of the parent; `/` for a node below the root and for the root itself. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The last segment; empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The first text that sorts behind everything below a node other than the root: "0" follows "/". */
export function afterChildren(path: string): string {
  return `${path}0`;
}

/** What the paths of everything below a node begin with. */
export function prefixOf(path: string): string {
  return path === "/" ? "/" : `${path}/`;
}

/** True for a path and whatever is below it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(prefixOf(top));
}
