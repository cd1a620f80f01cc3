// Packs the modules behind @flotilla/coord/client into a few files: importing it would read some three hundred otherwise.
// Does nothing while no package was compiled since.
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "packages/coord/dist");
const outDir = join(dist, "bundle");
const made = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = [
  import.meta.filename,
  ...["runtime", "kv", "coord"].map((name) => join(root, "packages", name, "dist/.tsbuildinfo")),
];

if (Math.max(...sources.map(made)) >= made(join(outDir, "client.js"))) {
  const { build } = await import("vite");
  rmSync(outDir, { recursive: true, force: true });
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    ssr: { noExternal: true },
    build: {
      ssr: join(dist, "client/index.js"),
      outDir,
      target: "node20",
      minify: false,
      license: { fileName: "third-party.md" },
      rolldownOptions: { output: { entryFileNames: "client.js", chunkFileNames: "[name].js" } },
    },
  });
}
