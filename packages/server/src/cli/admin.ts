import type { Admin } from "@flotilla/coord/client";
import { admin } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import type { ClientFlags } from "./client.ts";
import { loadClientSettings } from "./client.ts";
import type { Context } from "./context.ts";

/** A handle for operators, as the flags say. @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` */
export async function adminOf(context: Context, flags: ClientFlags): Promise<Admin> {
  const settings = await loadClientSettings(flags, context.env);
  return admin({ ...settings, logger: silentLogger, signal: context.stop });
}
