import { spawnSync } from "node:child_process";

/** Why no small file system can be mounted here, or null when one can. */
export function whyNoMount(): string | null {
  if (process.platform !== "linux") return "needs a tmpfs";
  if (process.getuid?.() !== 0) return "mounting needs root";
  const tried = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], {
    encoding: "utf8",
  });
  return tried.status === 0 ? null : `cannot mount: ${tried.stderr}`;
}

/** A file system in memory, of a size of its own. */
export class SmallDisk implements Disposable {
  readonly #folder: string;

  /** Mounts it over a folder that exists. @throws Error with what `mount` said */
  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#mount("-t", "tmpfs", "-o", `size=${bytes}`, "none");
  }

  /** @throws Error with what `mount` said */
  resize(bytes: number): void {
    this.#mount("-o", `remount,size=${bytes}`);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", [this.#folder]);
  }

  #mount(...options: readonly string[]): void {
    const done = spawnSync("mount", [...options, this.#folder], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(done.stderr);
  }
}
