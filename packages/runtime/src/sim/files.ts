import { crc32 } from "node:zlib";
import type { Files, OpenFile } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import { checkFileName } from "../file-name.ts";
import type { DiskCall, DiskDevice } from "./disk-device.ts";
import type { FileImage } from "./file-image.ts";
import { folderOf } from "./file-image.ts";
import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";

function missing(name: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_STORAGE", `there is no file ${name}`);
}

/** The files of a machine, as one process sees them. */
export class SimFiles implements Files {
  readonly #scheduler: Scheduler;
  readonly #device: DiskDevice;
  readonly #life: Life;
  readonly #image: () => FileImage;

  constructor(scheduler: Scheduler, device: DiskDevice, life: Life, image: () => FileImage) {
    this.#scheduler = scheduler;
    this.#device = device;
    this.#life = life;
    this.#image = image;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    checkFileName(name);
    return this.#call("read", "file.read", name, 0, () => this.#image().shown.get(name)?.shown());
  }

  async readAt(name: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    checkFileName(name);
    return this.#call("read", "file.readAt", name, length, () =>
      this.#image().shown.get(name)?.range(offset, length),
    );
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    checkFileName(name);
    return this.#write("file.append", name, bytes, this.#image().shown.get(name)?.length ?? 0);
  }

  async open(name: string): Promise<OpenFile> {
    checkFileName(name);
    if (this.#life.alive && !this.#device.isFull) this.#image().body(name);
    await this.#call("read", "file.open", name, 0, () => {});
    return {
      writeAt: (offset, bytes) => this.#write("file.writeAt", name, bytes, offset),
      sync: () => this.sync(name),
      close: () => this.#call("read", "file.close", name, 0, () => {}),
    };
  }

  async sync(name: string): Promise<void> {
    checkFileName(name);
    const image = this.#image();
    const body = image.shown.get(name);
    const finish = body?.syncing();
    return this.#call("sync", "file.sync", name, 0, () => {
      if (finish === undefined) throw missing(name);
      finish();
      if (image.shown.get(name) === body) image.syncFolder(name);
    });
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    checkFileName(name);
    this.#scheduler.hash.word(crc32(bytes));
    const copy = new Uint8Array(bytes);
    return this.#atomic("file.replace", name, bytes.length, (image) => image.replace(name, copy));
  }

  async rename(from: string, to: string): Promise<void> {
    checkFileName(from);
    checkFileName(to);
    return this.#atomic("file.rename", from, 0, (image) => {
      if (!image.rename(from, to)) throw missing(from);
    });
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    if (this.#life.alive) this.#image().shown.delete(name);
    return this.#call("read", "file.remove", name, 0, () => {});
  }

  async list(folder: string): Promise<string[]> {
    if (folder !== "") checkFileName(folder);
    return this.#call("read", "file.list", folder, 0, () => {
      const names = [...this.#image().shown.keys()].filter((name) => folderOf(name) === folder);
      return names.map((name) => name.slice(name.lastIndexOf("/") + 1)).toSorted();
    });
  }

  /** Into the system's cache at once, as far as there is space. */
  #write(kind: string, name: string, bytes: Uint8Array, offset: number): Promise<void> {
    this.#scheduler.hash.word(crc32(bytes));
    if (this.#life.alive && !this.#device.isFull) this.#image().body(name).write(offset, bytes);
    return this.#call("write", kind, name, bytes.length, () => {});
  }

  #atomic(kind: string, name: string, bytes: number, change: (image: FileImage) => void): Promise<void> {
    const image = this.#image();
    const pending = (): void => {
      try {
        change(image);
      } catch {
        // A rename of nothing changes nothing.
      }
    };
    if (this.#life.alive) image.inFlight.add(pending);
    return this.#call(
      "sync",
      kind,
      name,
      bytes,
      () => {
        image.inFlight.delete(pending);
        change(image);
      },
      () => {
        image.inFlight.delete(pending);
        if (this.#device.random.chance(0.5)) pending();
      },
    );
  }

  #call<T>(
    cost: DiskCall<T>["cost"],
    kind: string,
    about: string,
    bytes: number,
    effect: () => T,
    failed?: () => void,
  ): Promise<T> {
    return this.#device.perform(this.#life, { kind, about, cost, bytes, effect, failed });
  }
}
