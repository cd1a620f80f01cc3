import { readFileSync } from "node:fs";

/** Of the files that a process may have open, so many are left for the disk, for links to others, and for its host. */
const keptFiles = 128;

/**
 * How many of the files that this process may have open connections may take up: the disk that is refused one stops the
 * node. At least half of them; no bound where it cannot be told.
 */
export function filesForConnections(): number {
  const limit = openFilesLimit();
  return Math.max(limit - keptFiles, Math.ceil(limit / 2));
}

function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
