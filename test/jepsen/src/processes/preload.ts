import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";

const compilers = ["cc", "gcc", "clang"];

/** Why no library can be preloaded into members here, or null when one can. */
export function whyNoPreload(): string | null {
  if (process.platform !== "linux") return "needs LD_PRELOAD";
  return compilers.some(runs) ? null : "no C compiler";
}

function runs(compiler: string): boolean {
  return spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Compiles a source into a library in `folder`; its path. @throws Error with what the compiler said */
export function buildPreload(source: string, folder: string): string {
  const library = join(folder, `${basename(source, ".c")}.so`);
  const compiler = compilers.find(runs) ?? "cc";
  const built = spawnSync(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`${compiler}: ${built.stderr}`);
  return library;
}

/** Environments of one process, with all that each has preloaded. */
export function joined(...envs: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const libraries = envs.map((env) => env["LD_PRELOAD"]).filter((path) => path !== undefined);
  return {
    ...Object.assign({}, ...envs),
    ...(libraries.length === 0 ? {} : { LD_PRELOAD: libraries.join(":") }),
  };
}
