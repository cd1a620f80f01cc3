import { createHash } from "node:crypto";

/** The id that a `digest` entry and identity have, as in ZooKeeper: `user:base64(SHA-1(user:password))`. */
export function digestId(user: string, password: string): string {
  return `${user}:${createHash("sha1").update(`${user}:${password}`).digest("base64")}`;
}
