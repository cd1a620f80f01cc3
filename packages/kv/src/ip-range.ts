const colon = 58;

/** Bytes of an address: 4 or 16; null for what is none. */
export function parseIpAddress(text: string): readonly number[] | null {
  return text.includes(":") ? v6Bytes(text) : v4Bytes(text);
}

function v4Bytes(text: string): readonly number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

/** What a hexadecimal digit stands for; 16 for what is none. */
function digitOf(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  const letter = unit | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : 16;
}

function wordBytes(text: string): readonly number[] | null {
  const bytes: number[] = [];
  let word = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const digit = digitOf(unit);
    if (digit < 16 && digits < 4) {
      word = word * 16 + digit;
      digits += 1;
    } else if (unit === colon && digits > 0) {
      bytes.push(word >> 8, word & 255);
      word = 0;
      digits = 0;
    } else return null;
  }
  if (digits > 0) bytes.push(word >> 8, word & 255);
  return digits > 0 || text === "" ? bytes : null;
}

/** The last four bytes may be written as those of version 4. */
function withoutV4(text: string): string | null {
  if (!text.includes(".")) return text;
  const last = text.lastIndexOf(":");
  const tail = v4Bytes(text.slice(last + 1));
  if (tail === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = tail;
  return `${text.slice(0, last)}:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function v6Bytes(text: string): readonly number[] | null {
  const plain = withoutV4(text);
  const halves = plain?.split("::") ?? [];
  const [head, tail] = halves.map(wordBytes);
  if (halves.length > 2 || head === null || head === undefined || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? head : null;
  const gap = 16 - head.length - tail.length;
  return gap < 2 ? null : [...head, ...Array.from({ length: gap }, () => 0), ...tail];
}

/** An address of version 6 that stands for one of version 4 counts as that one. */
function unmapped(bytes: readonly number[]): readonly number[] {
  const isMapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0);
  return isMapped && bytes[10] === 255 && bytes[11] === 255 ? bytes.slice(12) : bytes;
}

/** Addresses that begin alike: 4 or 16 bytes, of which so many leading bits count. */
export interface IpRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Of an address of version 4 or 6, alone or with the number of leading bits that count, `10.0.0.0/8`; else null. */
export function parseIpRange(text: string): IpRange | null {
  const slash = text.indexOf("/");
  const bytes = parseIpAddress(slash === -1 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  const most = bytes.length * 8;
  if (slash === -1) return { bytes, bits: most };
  const bits = text.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? { bytes, bits: Number(bits) } : null;
}

/** Whether an address lies in a range. */
export function isInIpRange(address: readonly number[], { bytes: wanted, bits }: IpRange): boolean {
  const bytes = wanted.length === 4 ? unmapped(address) : address;
  if (bytes.length !== wanted.length) return false;
  return wanted.every((byte, at) => {
    const counted = Math.min(8, Math.max(0, bits - at * 8));
    return ((byte ^ (bytes[at] ?? 0)) & (0xff00 >> counted) & 255) === 0;
  });
}
