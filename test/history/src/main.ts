import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { checkText, worstExitCode } from "./check-file.ts";
import type { FileVerdict } from "./check-file.ts";

function readAndCheck(file: string): FileVerdict {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return {
      exitCode: 2,
      line: "unreadable",
      others: [],
      detail: error instanceof Error ? error.message : String(error),
    };
  }
  return checkText(text);
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    process.stderr.write("usage: check-history FILE...\n");
    return 2;
  }
  const codes = files.map((file) => {
    const start = performance.now();
    const { exitCode, line, others, detail } = readAndCheck(file);
    const took = Math.round(performance.now() - start);
    const prefix = files.length > 1 ? `${file}: ` : "";
    process.stdout.write(`${prefix}${line} check_ms=${took}\n`);
    for (const other of others) process.stdout.write(`${prefix}${other}\n`);
    if (detail !== "") process.stderr.write(`${detail}\n`);
    return exitCode;
  });
  return worstExitCode(codes);
}

process.exitCode = main(process.argv.slice(2));
