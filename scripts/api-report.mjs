// Writes what each public entry offers, as types alone, to packages/*/api: a change of it shows in a review. With --check
// it only compares.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const entries = [
  ["coord", "index"],
  ["coord", "client/index"],
  ["raft", "index"],
  ["kv", "index"],
  ["testing", "index"],
];

/** The report's name: the package's for its main entry. */
const nameOf = (folder, entry) => (entry === "index" ? folder : entry.replace("/index", ""));

function report(folder, entry) {
  const projectFolder = join(root, "packages", folder);
  const mainEntryPointFilePath = join(projectFolder, "dist", `${entry}.d.ts`);
  const temporary = join(root, "node_modules", ".api-report");
  for (const path of [temporary, join(projectFolder, "api")]) mkdirSync(path, { recursive: true });
  const quiet = { default: { logLevel: ExtractorLogLevel.None } };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath,
      newlineKind: "lf",
      // What comes from another package of ours is part of what is offered.
      bundledPackages: ["@flotilla/*"],
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: "nodenext",
            target: "es2023",
            // Types of Node.js alone declare `AbortSignal` in a way that the extractor cannot follow.
            lib: ["es2023", "esnext.disposable", "dom"],
            strict: true,
            skipLibCheck: true,
            types: ["node"],
          },
          files: [mainEntryPointFilePath],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${nameOf(folder, entry)}.api.md`,
        reportFolder: join(projectFolder, "api"),
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: quiet,
        tsdocMessageReporting: quiet,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, "package.json"),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) console.error(message.text);
      message.handled = true;
    },
  });
  return errorCount > 0 || (check && apiReportChanged);
}

const wrong = entries.filter(([folder, entry]) => report(folder, entry));
for (const [folder, entry] of wrong)
  console.error(`packages/${folder}/api/${nameOf(folder, entry)}.api.md is not what ${entry} offers`);
if (wrong.length > 0 && check) console.error("if the change is meant: npm run api");
console.log(wrong.length === 0 ? "api reports: ok" : `api reports: ${wrong.length} differ`);
process.exitCode = wrong.length === 0 ? 0 : 1;
