import { dirname } from "node:path";

interface DurableFile {
  /** Bytes that were there when it was last synced. */
  readonly length: number;
  /** Whether the name it has now would be found again. */
  readonly named: boolean;
  /** The name it would be found under as long as `named` is false. */
  readonly formerName: string | null;
}

/** What a loss of power leaves of one file: cut to `length` and under `name`; null when nothing is left. */
export type Remains = { readonly name: string; readonly length: number } | null;

/**
 * What would be left of a directory tree after a loss of power, told by the events of `sync-recorder.c`.
 *
 * The model is ext4 in its default mode, taken at its least generous where a program can tell:
 * - A file keeps the bytes it had when its last sync began. Bytes written over old ones are kept: nobody may
 *   rely on their loss. LevelDB and snapshots only append.
 * - A new name is found again once the file was synced after it got the name, as ext4 commits the entry
 *   together with the inode, or once its directory was synced. LevelDB relies on the former: it syncs no
 *   directory for a new log.
 * - A rename to a name that did not exist comes undone unless so settled. One that replaces a file is taken
 *   as done, with the bytes that were synced: it is atomic, and the replaced bytes are not recorded.
 * - A second name of a file is a file of its own, with the bytes that were synced under the first: whoever gives a
 *   file another name here writes to neither afterwards.
 * - The rename of a directory is taken as done.
 * - Removals are taken as done.
 */
export class DurableFiles {
  readonly #files = new Map<string, DurableFile>();
  #syncs = 0;

  /** @param settled files with their lengths as found on the disk before anything ran */
  constructor(settled: ReadonlyMap<string, number>) {
    for (const [path, length] of settled) this.#files.set(path, { length, named: true, formerName: null });
  }

  /** Syncs of files seen so far. */
  get syncs(): number {
    return this.#syncs;
  }

  /** Takes in one line. @throws Error when it is none of the recorder's */
  note(line: string): void {
    const rest = line.slice(2);
    switch (line.slice(0, 2)) {
      case "C ":
        return this.#created(rest);
      case "S ":
        return this.#synced(rest);
      case "D ":
        return this.#settled(rest);
      case "R ":
        return this.#renamed(rest);
      case "L ":
        return this.#linked(rest);
      case "U ":
        this.#files.delete(rest);
        return;
      default:
        throw new Error(`not an event of the recorder: ${line}`);
    }
  }

  remains(path: string): Remains {
    const file = this.#files.get(path);
    if (file === undefined) return null;
    if (file.named) return { name: path, length: file.length };
    return file.formerName === null ? null : { name: file.formerName, length: file.length };
  }

  #created(path: string): void {
    const named = this.#files.get(path)?.named === true;
    this.#files.set(path, { length: 0, named, formerName: null });
  }

  #synced(text: string): void {
    const space = text.indexOf(" ");
    this.#syncs += 1;
    this.#files.set(text.slice(space + 1), {
      length: Number(text.slice(0, space)),
      named: true,
      formerName: null,
    });
  }

  #settled(directory: string): void {
    for (const [path, file] of this.#files)
      if (dirname(path) === directory) this.#files.set(path, { ...file, named: true, formerName: null });
  }

  #linked(text: string): void {
    const [from = "", to = ""] = text.split("\t");
    const length = this.#files.get(from)?.length ?? 0;
    this.#files.set(to, { length, named: false, formerName: null });
  }

  #renamed(text: string): void {
    const [from = "", to = ""] = text.split("\t");
    for (const [path, file] of this.#files) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#files.delete(path);
      this.#files.set(`${to}${path.slice(from.length)}`, file);
    }
    const file = this.#files.get(from);
    const replaces = this.#files.get(to)?.named === true;
    this.#files.delete(from);
    if (file === undefined) return;
    const formerName = file.named ? from : file.formerName;
    this.#files.set(
      to,
      replaces ? { ...file, named: true, formerName: null } : { ...file, named: false, formerName },
    );
  }
}
