// One of three instances of an app.
import "reflect-metadata";
import { once } from "node:events";
import type { CronRun, Leadership, Member, Session } from "@flotilla/coord";
import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { cleanup, everySecond } from "../../support/cleanup-job.mjs";
import { FlotillaModule, OnLeader, OnTick } from "./singleton.ts";

@Injectable()
class Housekeeping {
  @OnTick(everySecond)
  async cleanUp(run: CronRun, session: Session): Promise<void> {
    await cleanup(run, session);
  }

  /** Such as the one connection that a source of news admits. */
  @OnLeader("news")
  async listen({ epoch, signal }: Leadership): Promise<void> {
    console.log(`leads with epoch ${epoch}`);
    if (!signal.aborted) await once(signal, "abort");
  }
}

const { ID: id = "", DATA: dataDir = "", MEMBERS: members = "[]" } = process.env;
const bootstrap: readonly Member[] = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id)?.address ?? "";

@Module({
  imports: [FlotillaModule.forRoot({ id, dataDir, listen, bootstrap })],
  providers: [Housekeeping],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ["error", "warn"] });
app.enableShutdownHooks(["SIGTERM"]);
