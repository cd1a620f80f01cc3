import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { compileFunction } from "node:vm";
import { build, normalizePath } from "vite";

const root = join(import.meta.dirname, "../../..");
const entry = "flotilla:bundled";

/** Source files that are to be read otherwise, by their path from the repository root. */
export type Changed = ReadonlyMap<string, string>;

/** What to load from the sources. */
export interface Bundled {
  /** Folder of the sources, from the repository root. */
  readonly folder: string;
  /** What to export of it: names by file. */
  readonly exports: Readonly<Record<string, string>>;
  /** Modules that are shared with whoever loads, instead of being loaded anew. */
  readonly shared: Readonly<Record<string, unknown>>;
  /** What becomes of each source before it is compiled. */
  readonly prepare?: (source: string) => string;
}

async function sourceOf(file: string, changed: Changed): Promise<string> {
  const path = normalizePath(relative(root, file));
  return changed.get(path) ?? readFile(file, "utf8");
}

async function bundle(
  { folder, exports, prepare = (source) => source }: Bundled,
  changed: Changed,
): Promise<string> {
  const from = normalizePath(join(root, folder));
  const lines = Object.entries(exports).map(([name, file]) => `export { ${name} } from "${from}/${file}";`);
  const result = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "bundled-sources",
        enforce: "pre",
        resolveId: (id) => (id === entry ? `\0${entry}` : null),
        load: async (id) => {
          if (id === `\0${entry}`) return lines.join("\n");
          return id.startsWith(from) ? prepare(await sourceOf(id, changed)) : null;
        },
      },
    ],
    build: {
      ssr: true,
      write: false,
      minify: false,
      target: "node20",
      rolldownOptions: {
        input: entry,
        external: [/^node:/, /^@flotilla\//, "croner"],
        output: { format: "cjs" },
      },
    },
  });
  const first = Array.isArray(result) ? result[0] : result;
  if (first === undefined || !("output" in first)) throw new Error(`${folder} was not bundled`);
  return first.output[0].code;
}

const nodeRequire = createRequire(join(root, "packages/coord/package.json"));

/**
 * Loads modules from their sources.
 * @param changed what is to stand in some of the files instead, as for a planted bug
 */
export async function load(bundled: Bundled, changed: Changed): Promise<unknown> {
  const module = { exports: {} };
  const run: unknown = compileFunction(await bundle(bundled, changed), ["module", "exports", "require"]);
  if (typeof run !== "function") throw new Error(`${bundled.folder} was not compiled`);
  run(module, module.exports, (name: string) => bundled.shared[name] ?? nodeRequire(name));
  return module.exports;
}
