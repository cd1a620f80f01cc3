import { transformWithOxc } from "vite";

/**
 * JavaScript of one TypeScript module, without a type check. The project compiles with `isolatedModules`,
 * `verbatimModuleSyntax` and `erasableSyntaxOnly`, so that taking the types away is all there is to do.
 * @throws Error when the syntax is wrong
 */
export async function transpile(source: string, file: string): Promise<string> {
  const { code } = await transformWithOxc(source, file, {
    lang: "ts",
    target: "es2023",
    sourcemap: false,
    tsconfig: false,
    typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: "rewrite" },
  });
  return code;
}

/** Where the compiler puts the module of a source file: `packages/raft/src/a.ts` becomes `packages/raft/dist/a.js`. */
export function compiledFile(file: string): string {
  return file.replace(/(^|\/)src\//, "$1dist/").replace(/\.ts$/, ".js");
}
