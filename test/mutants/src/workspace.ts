import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mutatedFiles } from "./edit.ts";
import type { Mutant } from "./mutant.ts";
import { compiledFile, transpile } from "./transpile.ts";
import { writeUsingHelper } from "./using-helper.ts";

/** Folders whose code runs in the copy. */
export const folders: readonly string[] = [
  "packages/runtime",
  "packages/raft",
  "packages/kv",
  "packages/coord",
  "packages/testing",
  "test/history",
  "test/simulation",
];
/** Copied as they are when they are there. */
const parts = ["package.json", "tsconfig.json", "src", "test"];
/** Of a folder that is not changed, but run. */
const builtParts = ["package.json", "dist", "bin", "native"];
// What is to be removed when the process is told to end early.
const live = new Set<string>();
const linkType = process.platform === "win32" ? "junction" : "dir";

/**
 * A copy of the sources that can be broken without harm: packages find each other within it by their relative
 * links, everything else they need is the original's.
 */
export class Workspace implements AsyncDisposable {
  /** Folder of the copy. */
  readonly folder: string;
  readonly #sources = new Map<string, string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Copies and compiles the repository at `root` into a new folder below that for temporary files.
   * @param built further folders, as they were built: none of their files can be changed
   */
  static async create(root: string, built: readonly string[] = []): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), "flotilla-mutants-")));
    live.add(workspace.folder);
    try {
      await workspace.#copy(root, built);
      return workspace;
    } catch (error) {
      await workspace[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * The unchanged source of a file.
   * @throws Error when there is none in the copy
   */
  source(file: string): string {
    const source = this.#sources.get(file);
    if (source === undefined) throw new Error(`${file} is not a source file that is copied`);
    return source;
  }

  /**
   * Puts a mutant in place.
   * @returns takes it back
   * @throws MutantError when it does not fit the source
   */
  async plant(mutant: Mutant): Promise<() => Promise<void>> {
    const files = mutatedFiles(mutant, (file) => this.source(file));
    for (const [file, source] of files) await this.#write(file, source);
    return async () => {
      for (const file of files.keys()) await this.#write(file, this.source(file));
    };
  }

  /** Removes all copies at once, for a process that is about to end. */
  static removeAll(): void {
    for (const folder of live) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    live.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    live.delete(this.folder);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #copy(root: string, built: readonly string[]): Promise<void> {
    await copyFile(root, this.folder, "package.json");
    await copyFile(root, this.folder, "tsconfig.base.json");
    await linkModules(join(root, "node_modules"), join(this.folder, "node_modules"));
    await symlink(join(root, "node_modules/.pnpm"), join(this.folder, "node_modules/.pnpm"), linkType);
    await writeUsingHelper(this.folder);
    for (const folder of folders) {
      for (const part of parts) await copyFile(root, this.folder, `${folder}/${part}`);
      await linkModules(join(root, folder, "node_modules"), join(this.folder, folder, "node_modules"));
      await this.#compile(folder);
    }
    for (const folder of built) {
      for (const part of builtParts) await copyFile(root, this.folder, `${folder}/${part}`);
      await linkModules(join(root, folder, "node_modules"), join(this.folder, folder, "node_modules"));
    }
    await this.#unbundle();
  }

  /** Has the client's entry read the modules that mutants are put into. */
  async #unbundle(): Promise<void> {
    const folder = join(this.folder, "packages/coord/dist/bundle");
    await mkdir(folder);
    await writeFile(join(folder, "client.js"), 'export * from "../client/index.js";\n');
  }

  async #compile(folder: string): Promise<void> {
    const names = await readdir(join(this.folder, folder, "src"), { recursive: true });
    for (const name of names) {
      if (!name.endsWith(".ts")) continue;
      const file = `${folder}/src/${name.replaceAll("\\", "/")}`;
      const source = await readFile(join(this.folder, file), "utf8");
      this.#sources.set(file, source);
      await this.#write(file, source);
    }
  }

  async #write(file: string, source: string): Promise<void> {
    const compiled = join(this.folder, compiledFile(file));
    const code = await transpile(source, file);
    await mkdir(dirname(compiled), { recursive: true });
    await writeFile(compiled, code);
    await writeFile(join(this.folder, file), source);
  }
}

async function copyFile(from: string, to: string, name: string): Promise<void> {
  await cp(join(from, name), join(to, name), { recursive: true }).catch(emptyIfMissing);
}

function emptyIfMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === "ENOENT") return [];
  throw error;
}

/** Repeats the links of a `node_modules` folder, as they are: relative ones then stay within the copy. */
async function linkModules(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true }).catch(emptyIfMissing);
  for (const entry of entries) {
    const { name } = entry;
    if (entry.isSymbolicLink()) {
      await symlink(await readlink(join(from, name)), join(to, name), linkType);
    } else if (name.startsWith("@")) {
      await linkModules(join(from, name), join(to, name));
    }
  }
}
