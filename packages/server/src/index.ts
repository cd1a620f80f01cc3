export { exitCodes } from "./cli/exit-codes.ts";
export type { ExitCode } from "./cli/exit-codes.ts";
