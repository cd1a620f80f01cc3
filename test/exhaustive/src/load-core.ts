import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { compileFunction } from "node:vm";
import * as runtime from "@flotilla/runtime";
import type { Configuration } from "@flotilla/raft";
import type { Raft } from "@flotilla/raft/parts";
import { build, normalizePath } from "vite";

const root = join(import.meta.dirname, "../../..");
const folder = normalizePath(join(root, "packages/raft/src/core"));
const entry = "flotilla:core";
const entrySource = `
export { Raft } from "${folder}/raft.ts";
export { decodeConfiguration } from "${folder}/config/config-codec.ts";
`;

/** The core, as it is in the sources, with every private name open: only so can what it holds be copied and compared. */
export interface Core {
  readonly Raft: typeof Raft;
  readonly decodeConfiguration: (payload: Uint8Array, index: number) => Configuration;
}

/** Source files that are to be read otherwise, by their path from the repository root. */
export type Changed = ReadonlyMap<string, string>;

/** `#commit` becomes `$commit`, which is no other name anywhere in the core. */
function opened(source: string): string {
  return source.replaceAll(/#([a-zA-Z])/g, "$$$1");
}

async function sourceOf(file: string, changed: Changed): Promise<string> {
  const path = normalizePath(relative(root, file));
  return changed.get(path) ?? readFile(file, "utf8");
}

async function bundle(changed: Changed): Promise<string> {
  const result = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "opened-core",
        enforce: "pre",
        resolveId: (id) => (id === entry ? `\0${entry}` : null),
        load: async (id) => {
          if (id === `\0${entry}`) return entrySource;
          return id.startsWith(folder) ? opened(await sourceOf(id, changed)) : null;
        },
      },
    ],
    build: {
      ssr: true,
      write: false,
      minify: false,
      target: "node20",
      rolldownOptions: { input: entry, external: [/^node:/, /^@flotilla\//], output: { format: "cjs" } },
    },
  });
  const first = Array.isArray(result) ? result[0] : result;
  if (first === undefined || !("output" in first)) throw new Error("the core was not bundled");
  return first.output[0].code;
}

const nodeRequire = createRequire(import.meta.url);

function requireFor(name: string): unknown {
  return name === "@flotilla/runtime" ? runtime : nodeRequire(name);
}

/**
 * Loads the core from its sources.
 * @param changed what is to stand in some of its files instead, as for a planted bug
 */
export async function loadCore(changed: Changed = new Map()): Promise<Core> {
  const module = { exports: {} };
  const run: unknown = compileFunction(await bundle(changed), ["module", "exports", "require"]);
  if (typeof run !== "function") throw new Error("the core was not compiled");
  run(module, module.exports, requireFor);
  return module.exports as Core;
}
