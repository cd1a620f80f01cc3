import { readFile } from "node:fs/promises";
import { FlotillaError } from "@flotilla/runtime";

/**
 * A shared secret from a file, without its final newline.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`; the secret is never part of a message
 */
export async function readSecretFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `cannot read the secret file ${path}`, { cause });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `the secret file ${path} is empty`);
  return secret;
}
