import { FlotillaError } from "./errors.ts";

/** The two parts of `host:port`. */
export interface Address {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65,535. */
  readonly port: number;
}

/** An IPv6 address is only told from other things here. */
const shape = /^(?:\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]{1,44}(?:%[\w.-]{1,32})?)\]|([\w.-]{1,253})):(\d{1,5})$/;

const maxPort = 65_535;
/** What the whole web takes for an IPv4 address, and refuses unless it is a sound one. */
const numeric = /\.(?:\d+|0x[0-9a-f]*)\.?$/i;
/** An IPv4 address as one number. */
const zero = /^(?:0x)?0+$/i;
const group = /^[0-9A-Fa-f]{1,4}$/;
const octet = /^(?:0|[1-9]\d{0,2})$/;
/** Of an IPv6 address. */
const groups = 8;

function refuse(why: string, text: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `${why}: ${JSON.stringify(text.slice(0, 100))}`);
}

/** The four numbers of an IPv4 address; null when it is none. */
function readIPv4(text: string): number[] | null {
  const parts = text.split(".");
  const isSound = parts.length === 4 && parts.every((part) => octet.test(part) && Number(part) < 256);
  return isSound ? parts.map(Number) : null;
}

/** The groups on one side of `::`, the last two perhaps written as an IPv4 address; null when they are none. */
function readGroups(text: string, mayEndInIPv4: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const tail = mayEndInIPv4 && last.includes(".") ? readIPv4(last) : [];
  if (tail === null) return null;
  const [a, b, c, d] = tail;
  const plain = a === undefined ? parts : parts.slice(0, -1);
  if (!plain.every((part) => group.test(part))) return null;
  const found = plain.map((part) => Number.parseInt(part, 16));
  if (a === undefined || b === undefined || c === undefined || d === undefined) return found;
  return [...found, a * 256 + b, c * 256 + d];
}

/** The eight groups of an IPv6 address, RFC 4291 section 2.2; null when it is none. */
function readIPv6(text: string): number[] | null {
  const [head = "", tail, ...rest] = text.split("::");
  const before = readGroups(head, tail === undefined);
  const after = readGroups(tail ?? "", true);
  if (before === null || after === null || rest.length > 0) return null;
  const missing = groups - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

/**
 * Reads `host:port`, with an IPv6 address in brackets: `[::1]:80`. Names are not looked up. A zone, `[fe80::1%eth0]:80`,
 * is refused: it means something on one machine only, and cannot be dialed.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`
 */
export function parseAddress(text: string): Address {
  const [, inBrackets, name, digits] = shape.exec(text) ?? [];
  const host = inBrackets ?? name;
  const port = Number(digits);
  if (host === undefined || port > maxPort) return refuse("not an address of the form host:port", text);
  if (host.includes("%")) return refuse("an IPv6 address with a zone cannot be dialed", text);
  if (inBrackets !== undefined && readIPv6(host) === null) return refuse("not an IPv6 address", text);
  if (name !== undefined && numeric.test(name) && readIPv4(name) === null)
    return refuse("not an IPv4 address", text);
  return { host, port };
}

/** True for what looks like `host:port`; `parseAddress` asks for more. */
export function hasAddressShape(text: string): boolean {
  const digits = shape.exec(text)?.[3];
  return digits !== undefined && Number(digits) <= maxPort;
}

/** True for `0.0.0.0` and `::`, however written: every address of this machine to a listener, nobody's to a dialer. */
export function isUnspecified({ host }: Address): boolean {
  const found = host.includes(":") ? readIPv6(host) : readIPv4(host);
  if (found === null) return zero.test(host);
  const isMapped = found.length === groups && found[5] === 0xff_ff;
  return found.every((part, position) => part === 0 || (isMapped && position === 5));
}

/** Writes `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
